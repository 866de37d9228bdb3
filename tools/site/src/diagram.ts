import { createHash } from "node:crypto"

const FENCE = /^```mermaid\n(.*?)^```$/ms

/** The Mermaid text of a page. */
export function diagramIn(page: string): string {
  const [, source] = FENCE.exec(page) ?? []
  if (source === undefined) throw new Error("The page has no Mermaid text.")
  return source
}

/** The first line of a drawn diagram. It says from which text the picture was drawn. */
export function sourceMark(source: string): string {
  return `<!-- Drawn from a text with the SHA-256 ${createHash("sha256").update(source).digest("hex")} -->`
}

/** A page with the picture in place of its Mermaid text. Each picture links to itself, so that a reader can enlarge it. */
export function withPictures(page: string, picture: string): string {
  return page
    .replace(FENCE, `![The diagram, which the text below describes](${picture})`)
    .replace(/^!\[([^\]]*)\]\(([^)]*\.svg)\)$/gm, (image, _, address: string) => `[${image}](${address})`)
}
