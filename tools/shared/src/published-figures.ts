import { readFile, writeFile } from "node:fs/promises"

const DOCS = new URL("../../../docs/", import.meta.url)

/** The files of a tool in `docs`: figures as data, and the page made from them. */
export interface PublishedFigures<Data> {
  data: Data
  page: string
}

export async function readPublished<Data>(name: string): Promise<PublishedFigures<Data>> {
  const [data, page] = await Promise.all(["json", "md"].map((ending) => readFile(urlOf(name, ending), "utf8")))
  return { data: JSON.parse(data ?? ""), page: page ?? "" }
}

export async function publish<Data>(name: string, { data, page }: PublishedFigures<Data>): Promise<void> {
  await writeFile(urlOf(name, "json"), `${JSON.stringify(data, undefined, 2)}\n`)
  await writeFile(urlOf(name, "md"), page)
  console.log(`\ndocs/${name}.md is written.`)
}

function urlOf(name: string, ending: string): URL {
  return new URL(`${name}.${ending}`, DOCS)
}
