import { Readable } from "node:stream"
import FormData from "form-data"
import { BINARY, type BodyMakers } from "./sample-body.ts"

export const makers: BodyMakers = {
  nodeReadable: (chunks) => Readable.from(chunks, { objectMode: false }),
  npmFormData() {
    const form = new FormData()
    form.append("name", "Jörg")
    form.append("file", Buffer.from(BINARY), { filename: "bytes.bin" })
    return form
  },
}
