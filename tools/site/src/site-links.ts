import { existsSync, statSync } from "node:fs"
import { join, posix } from "node:path"
import { repositoryAddress, workspace } from "./workspace.ts"

/** The path in the site of a text or picture of the repository. */
export function pageOf(path: string): string {
  return path
    .replace(/^docs\//, "")
    .replace(/^README\.md$/, "overview.md")
    .replace(/^([A-Z]+)\.md$/, (name) => name.toLowerCase())
    .replace(/README\.md$/, "index.md")
}

/**
 * A text with its links turned into those of the site. Files that are no pages are read in the repository.
 *
 * @param path of the text in the repository
 * @param pages the repository's texts, and the page that each becomes
 * @throws {Error} for a link to a file that does not exist
 */
export function siteLinks(text: string, path: string, pages: ReadonlyMap<string, string>): string {
  const repository = repositoryAddress()
  const blob = `${repository}/blob/main/`
  return outsideCode(text, (part) =>
    part.replace(/(\]\(|<img src=")([^)\s"#]*)(#[^)\s"]*)?/g, (link, start: string, to: string, anchor = "") => {
      const target = to.startsWith(blob)
        ? to.slice(blob.length)
        : to === "" || /^[a-z]+:/.test(to)
          ? undefined
          : posix.join(posix.dirname(path), to).replace(/\/$/, "")
      if (target === undefined) return link
      if (!existsSync(join(workspace, target))) throw new Error(`${path} links to ${to}, which does not exist.`)
      const page = pages.get(target) ?? pages.get(`${target}/README.md`)
      if (page !== undefined) return `${start}/${page.replace(/(?:index)?\.md$/, "")}${anchor}`
      if (/\.(?:svg|png)$/.test(target)) return `${start}/${pageOf(target)}`
      const kind = statSync(join(workspace, target)).isDirectory() ? "tree" : "blob"
      return `${start}${repository}/${kind}/main/${target}${anchor}`
    }),
  )
}

/** Changes a text apart from its code. */
function outsideCode(text: string, change: (part: string) => string): string {
  return text
    .split(/(^```.*?^```$|`[^`\n]+`(?!\]))/gms)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join("")
}
