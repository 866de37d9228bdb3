import type { Hono } from "hono"
import { readRequest, type ServerEnv } from "../incoming-request.ts"
import type { World } from "../state/world.ts"
import { principalOf } from "./principal.ts"

/** Projects and domains of the caller, and Keystone's description of itself. */
export function lookupRoutes(app: Hono<ServerEnv>, world: World): void {
  for (const path of ["/v3/projects", "/v3/auth/projects"]) {
    app.get(path, async (context) => {
      const { account } = await principalOf(world, await readRequest(context))
      const name = context.req.query("name")
      const projects = account.projects
        .filter((project) => name === undefined || project.name === name)
        .map((project) => ({
          ...project,
          domain_id: account.domain.id,
          parent_id: account.domain.id,
          enabled: true,
          is_domain: false,
        }))
      return context.json({ projects, links: { self: new URL(context.req.url).href, next: null, previous: null } })
    })
  }
  app.get("/v3/auth/domains", async (context) => {
    const { account } = await principalOf(world, await readRequest(context))
    return context.json({
      domains: [{ ...account.domain, enabled: true }],
      links: { self: new URL(context.req.url).href },
    })
  })
  app.get("/v3/regions", (context) => {
    const regions = world.accounts.partner.projects.map(({ name }) => ({ id: name, type: "public", locales: {} }))
    return context.json({ regions, links: { self: new URL(context.req.url).href, next: null, previous: null } })
  })
  const version = (url: string): object => ({
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${new URL(url).origin}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  })
  app.get("/", (context) => context.json({ versions: { values: [version(context.req.url)] } }, 300))
  for (const path of ["/v3", "/v3/"]) app.get(path, (context) => context.json({ version: version(context.req.url) }))
}
