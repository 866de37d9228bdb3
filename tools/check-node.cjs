// Runs on whatever Node the machine has, so it is CommonJS without modern syntax.
var major = Number(process.versions.node.split(".")[0])
if (major < 22) {
  console.error(
    "Countersign needs Node 22 or later, this is " +
      process.version +
      ": run npm ci, which installs one beside the project, or install Node 22.",
  )
  process.exit(1)
}
