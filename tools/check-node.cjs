// Runs on whatever Node the machine has, so it is CommonJS without modern syntax.
// Packages run on Node 22; 22.18 is the first 22 that runs the TypeScript files of the tools.
var version = process.versions.node.split(".").map(Number)
if (version[0] < 22 || (version[0] === 22 && version[1] < 18)) {
  console.error(
    "Countersign is built on Node 22.18 or later, this is v" +
      process.versions.node +
      ": run npm ci, which installs one beside the project, or install Node 22.",
  )
  process.exit(1)
}
