import type { Part } from "../part-of.ts"
import type { Trace } from "../trace.ts"

/** A request as it was recorded, secrets included. */
export interface RecordedRequest {
  readonly id: number
  /** Arrival, epoch ms. */
  readonly time: number
  readonly part: Part
  readonly method: string
  readonly url: string
  readonly target: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Port that it arrived at. */
  readonly port: number
  readonly trace: Trace
  answer?: RecordedAnswer
}

interface RecordedAnswer {
  /** Absent if the connection ended without an answer. */
  readonly status?: number
  readonly durationMs: number
  readonly headers: Readonly<Record<string, string>>
  /** Only for an error. */
  readonly text?: string
}

/** The changes since a watcher last took them. */
interface Changes {
  readonly requests: readonly RecordedRequest[]
  /** No request with a lower id is kept. */
  readonly first: number
  /** Whether the list was cleared meanwhile. Then `requests` holds everything. */
  readonly isCleared: boolean
}

/** A reader that follows the records at its own pace. */
interface Watcher {
  take(): Changes
  end(): void
}

/** Keeps the last requests. */
export interface Recorder {
  readonly requests: Iterable<RecordedRequest>
  find(id: number): RecordedRequest | undefined
  open(request: Omit<RecordedRequest, "id">): RecordedRequest
  close(request: RecordedRequest, answer: RecordedAnswer): void
  clear(): void
  watch(): Watcher
}

const MOST_REQUESTS = 10_000

/** Longer bodies keep only their size and hash. */
const MOST_BODY_BYTES = 16 * 1024

/** The limit of all bodies together. The oldest go first. */
const MOST_BODIES_BYTES = 16 * 1024 * 1024

export function createRecorder(): Recorder {
  // A Map keeps the order of arrival, and drops its first entry without moving the others.
  const requests = new Map<number, RecordedRequest>()
  const withBody = new Map<RecordedRequest, number>()
  const watchers = new Set<{ changed: Set<RecordedRequest>; isCleared: boolean }>()
  let lastId = 0
  let bodyBytes = 0

  const changed = (request: RecordedRequest): void => {
    for (const watcher of watchers) watcher.changed.add(request)
  }
  const dropBody = (request: RecordedRequest): void => {
    bodyBytes -= withBody.get(request) ?? 0
    withBody.delete(request)
    const { body } = request.trace
    if (body !== undefined) request.trace.body = { ...body, content: undefined }
  }
  const drop = (request: RecordedRequest): void => {
    dropBody(request)
    requests.delete(request.id)
    for (const watcher of watchers) watcher.changed.delete(request)
  }
  const keepBody = (request: RecordedRequest): void => {
    const size = request.trace.body?.content?.byteLength
    if (size === undefined) return
    if (size > MOST_BODY_BYTES) {
      dropBody(request)
      return
    }
    withBody.set(request, size)
    bodyBytes += size
    for (const oldest of withBody.keys()) {
      if (bodyBytes <= MOST_BODIES_BYTES) break
      dropBody(oldest)
    }
  }
  return {
    requests: { [Symbol.iterator]: () => requests.values() },
    find: (id) => requests.get(id),
    open(request) {
      lastId += 1
      const opened = { ...request, id: lastId }
      requests.set(lastId, opened)
      const [oldest] = requests.size > MOST_REQUESTS ? requests.values() : []
      if (oldest !== undefined) drop(oldest)
      changed(opened)
      return opened
    },
    close(request, answer) {
      request.answer = answer
      if (requests.has(request.id)) {
        keepBody(request)
        changed(request)
      } else dropBody(request)
    },
    clear() {
      requests.clear()
      withBody.clear()
      bodyBytes = 0
      for (const watcher of watchers) {
        watcher.changed.clear()
        watcher.isCleared = true
      }
    },
    watch() {
      const watcher = { changed: new Set(requests.values()), isCleared: true }
      watchers.add(watcher)
      return {
        take() {
          const { isCleared } = watcher
          const taken = [...watcher.changed]
          watcher.changed.clear()
          watcher.isCleared = false
          return { requests: taken, first: requests.keys().next().value ?? lastId + 1, isCleared }
        },
        end: () => void watchers.delete(watcher),
      }
    },
  }
}
