import { fileURLToPath } from "node:url"
import { defineConfig, type ViteUserConfig } from "vitest/config"

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

/** Tests run on the TypeScript sources of every package, never on what was built before. */
export const shared: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: "#digest", replacement: source("auth-core/src/digest/node.ts") },
      { find: /^@countersign\/([a-z-]+)\/(adapter|explain|mocks|p256|sm2|sm3)$/, replacement: source("$1/src/$2.ts") },
      { find: /^@countersign\/([a-z-]+)$/, replacement: source("$1/src/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: false },
    // Two cores run several packages' tests at once.
    testTimeout: 20_000,
    // A machine that stands still for a moment is no defect. A test that fails twice is one.
    retry: process.env.CI === "true" ? 1 : 0,
    // Nx asks for colours, which programs that tests start and read would print too.
    env: { FORCE_COLOR: "0" },
    reporters: ["default", ["json", { outputFile: "test-results.json" }]],
  },
})
