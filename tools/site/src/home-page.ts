import { packagesVersion, repositoryAddress } from "./workspace.ts"

/**
 * The page that greets a reader: with the program of the README, which a test runs, the version and the repository.
 *
 * @throws {Error} when the README has no program
 */
export function homePage(page: string, readme: string): string {
  const [program] = /^```ts\n.*?^```$/ms.exec(readme) ?? []
  if (program === undefined) throw new Error("README.md has no program.")
  const version = `Version ${packagesVersion()}: [what changed](/changelog), [the repository](${repositoryAddress()}).`
  return page.replace("<!-- program -->", () => program).replace("<!-- version -->", () => version)
}
