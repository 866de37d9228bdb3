import { writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { createSecureContext, TLSSocket } from "node:tls"
import { type Emulator, startEmulator } from "@countersign/emulator"
import { selfSigned } from "@countersign/testkit"

export interface LocalCloud {
  readonly emulator: Emulator
  /** Variables for a Node process, which send its https calls to the emulator. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/**
 * An emulator that answers over TLS under the names of Huawei Cloud's hosts. Programs do not need to know it: Node takes
 * the proxy and the certificate from the environment. Other hosts are refused, so that nothing leaves the machine.
 *
 * @param folder for the certificate
 */
export async function startLocalCloud(hosts: readonly string[], folder: string): Promise<LocalCloud> {
  const emulator = await startEmulator()
  const { port } = new URL(emulator.url)
  const { key, cert } = selfSigned("*.myhuaweicloud.com", ...hosts)
  const secureContext = createSecureContext({ key, cert })
  const certificateFile = join(folder, "certificate.pem")
  await writeFile(certificateFile, cert)
  const open = new Set<Duplex>()
  const proxy = createServer().on("connect", ({ url = "" }, socket: Duplex) => {
    open.add(socket.on("error", () => socket.destroy()))
    if (!hosts.includes(url.replace(/:443$/, ""))) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
      return
    }
    socket.write("HTTP/1.1 200 OK\r\n\r\n")
    const secure = new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => socket.destroy())
    const plain = connect(Number(port), "127.0.0.1").on("error", () => socket.destroy())
    secure.pipe(plain).pipe(secure)
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  return {
    emulator,
    env: { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: address, NODE_EXTRA_CA_CERTS: certificateFile },
    async close() {
      for (const socket of open) socket.destroy()
      proxy.close()
      await emulator.close()
    },
  }
}
