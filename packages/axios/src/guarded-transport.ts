import { type HostGuard, refuseClearProxy } from "@countersign/auth-core"
import type { Transport } from "./masking-transport.ts"

const CURE =
  "axios sends https in clear to proxies before 1.17; upgrade axios to 1.17 or later, or set `proxy: false` and an `httpsAgent` that makes a tunnel"

/** A transport that sends nothing through a proxy that would read credentials. */
export function guardedTransport(transport: Transport, url: URL, guard: HostGuard): Transport {
  return {
    request(options, onResponse) {
      refuseClearProxy(options as object, url, guard, CURE)
      const request = transport.request(options, onResponse)
      // Node's own agents choose the proxy here.
      refuseClearProxy(request, url, guard, CURE)
      return request
    },
  }
}
