import { readFileSync } from "node:fs"
import { join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"

const workspace = join(import.meta.dirname, "../../..")
const read = (path: string): string => readFileSync(join(workspace, path), "utf8")

interface FormField {
  type: string
  id?: string
  attributes: { label?: string; value?: string; options?: unknown[] }
}

interface IssueForm {
  name?: string
  description?: string
  body: FormField[]
}

/** The kinds of fields, and what each may say. @see GitHub Docs, "Syntax for GitHub's form schema" */
const ATTRIBUTES: Record<string, string[]> = {
  input: ["label", "description", "placeholder", "value"],
  textarea: ["label", "description", "placeholder", "value", "render"],
  dropdown: ["label", "description", "multiple", "options", "default"],
  checkboxes: ["label", "description", "options"],
}

const FORMS = findFiles(workspace, ".github/ISSUE_TEMPLATE/*.yml").filter((path) => !path.endsWith("config.yml"))

describe("issue forms", () => {
  it("exist for bugs, refusals and features", () => {
    expect(FORMS).toHaveLength(3)
  })
})

describe.each(FORMS)("the issue form %s", (path) => {
  const { name, description, body }: IssueForm = parse(read(path))
  const fields = body.filter(({ type }) => type !== "markdown")

  it("warns of secrets before the first field", () => {
    expect([body[0]?.type, body[0]?.attributes.value]).toEqual([
      "markdown",
      expect.stringContaining("**Never paste a secret:**"),
    ])
  })

  it("has everything that GitHub requires of a form", () => {
    expect([name, description]).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)])
    for (const { type, attributes } of fields) {
      expect(attributes.label).toMatch(/\S/)
      expect(ATTRIBUTES[type]).toEqual(expect.arrayContaining(Object.keys(attributes)))
      if (type === "dropdown") expect(attributes.options?.every((option) => typeof option === "string")).toBe(true)
    }
    const ids = fields.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)])
    expect(ids).not.toContain(undefined)
  })
})
