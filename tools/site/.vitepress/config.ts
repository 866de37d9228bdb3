import { readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitepress"
import { githubSlug } from "../src/github-slug.ts"
import { pagesFolder, siteFolder, workspace } from "../src/workspace.ts"

const core = join(workspace, "packages/auth-core/src")

/** No page may connect to anything but this site's own files. The theme has scripts and styles inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
]

/** The policy of a page. Where a page is missing, the list of pages is loaded. The page that takes secrets loads nothing. */
function policyOf(page: string): string {
  return [...POLICY, `connect-src ${page === "explain.md" ? "'none'" : "'self'"}`].join("; ")
}

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
  // Only of the built site: the server for development has a socket.
  transformHead: ({ page }) => [["meta", { "http-equiv": "Content-Security-Policy", content: policyOf(page) }]],
  // A page loads nothing after it has been shown, so that a reader sees that what he enters stays there.
  router: { prefetchLinks: false },
  vite: {
    resolve: {
      alias: [
        { find: "#digest", replacement: join(core, "digest/portable.ts") },
        { find: /^@countersign\/auth-core\/(adapter|explain|sm3)$/, replacement: join(core, "$1.ts") },
        { find: /^@countersign\/auth-core$/, replacement: join(core, "index.ts") },
      ],
    },
  },
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
      { text: "Explain a refusal", link: "/explain" },
      { text: "API", link: "/api/" },
    ],
    sidebar,
    externalLinkIcon: true,
  },
})
