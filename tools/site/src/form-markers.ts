const FORM = /^<!-- form: ([a-z-]+) -->$.*?^<!-- end of form -->$/gms

/** A page with each of its forms, which are components of the theme, in place of the text that stands for it elsewhere. */
export function withForms(page: string): string {
  const names = [...page.matchAll(FORM)].map(([, name = ""]) => name)
  if (names.length === 0) return page
  const imports = names.map((name) => `import ${tagOf(name)} from "../.vitepress/theme/${name}.vue"`)
  return `<script setup>\n${imports.join("\n")}\n</script>\n\n${page.replace(FORM, (_, name: string) => `<${tagOf(name)} />`)}`
}

function tagOf(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
