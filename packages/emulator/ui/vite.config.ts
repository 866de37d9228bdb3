import { fileURLToPath } from "node:url"
import { defineConfig } from "vite"

/** Makes static files that the emulator serves at `/-/`. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  logLevel: "warn",
  build: {
    outDir: "../dist/ui",
    emptyOutDir: true,
    target: "es2023",
    // The page's policy lets it load files of its own origin, and no data URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
