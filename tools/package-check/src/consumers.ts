import { readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"

/** A program that uses the packages as users do. */
export interface Consumer {
  name: string
  file: string
  /** The other packages that it imports. */
  clients: string[]
}

/** The programs of a folder of `consumers`. The folder itself has one for each package, by its id. */
export function consumersIn(folder: "" | "clients" | "commonjs"): Consumer[] {
  const cwd = join(import.meta.dirname, "../consumers", folder)
  return findFiles(cwd, "*.ts").map((path) => {
    const file = join(cwd, path)
    const specifiers = [...readFileSync(file, "utf8").matchAll(/(?:from |import\()"([^."][^"]*)"/g)]
    const clients = specifiers.flatMap(([, specifier = ""]) =>
      /^node:|^@countersign\//.test(specifier) ? [] : specifier,
    )
    return { name: basename(path, ".ts"), file, clients }
  })
}
