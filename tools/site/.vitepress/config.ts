import { readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitepress"
import { githubSlug } from "../src/github-slug.ts"
import { pagesFolder, siteFolder } from "../src/workspace.ts"

const { sidebar } = JSON.parse(readFileSync(join(pagesFolder, "navigation.json"), "utf8"))

export default defineConfig({
  title: "Countersign",
  description: "Huawei Cloud authentication for the HTTP client you already use",
  lang: "en",
  srcDir: ".pages",
  outDir: siteFolder,
  base: (process.env.SITE_BASE ?? "/") as "/",
  cleanUrls: true,
  // The emulator runs on the reader's machine.
  ignoreDeadLinks: "localhostLinks",
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: githubSlug },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start" },
      { text: "Guides", link: "/guides/" },
      { text: "Troubleshooting", link: "/troubleshooting" },
      { text: "API", link: "/api/" },
    ],
    sidebar,
    externalLinkIcon: true,
  },
})
