import type { RecordedExchange } from "./record.ts"

/** Requests as an HTTP Archive (HAR 1.2), with two extra members, `_verdict` and `_caller`. */
export function harOf(origin: string, version: string, requests: Iterable<RecordedExchange>): object {
  return {
    log: {
      version: "1.2",
      creator: { name: "countersign-emulator", version },
      entries: Array.from(requests, (request) => entryOf(origin, request)),
    },
  }
}

function entryOf(origin: string, request: RecordedExchange): object {
  const { time, durationMs = 0, method, target, headers, body, status = 0, answer, verdict, caller, faults } = request
  const query = /\?.*/s.exec(target)?.[0]
  return {
    startedDateTime: new Date(time).toISOString(),
    time: durationMs,
    request: {
      method,
      // As it arrived: a target such as `//x` or `//[` leads a parser to another host, or nowhere.
      url: origin + target,
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: pairsOf(Object.entries(headers)),
      queryString: pairsOf([...new URLSearchParams(query)]),
      headersSize: -1,
      bodySize: body.bytes,
      ...(body.text === undefined
        ? {}
        : { postData: { mimeType: headers["content-type"] ?? "", text: body.text, params: [] } }),
    },
    response: {
      status,
      statusText: "",
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: pairsOf(Object.entries(answer?.headers ?? {})),
      content: {
        size: Buffer.byteLength(answer?.text ?? ""),
        mimeType: answer?.headers["content-type"] ?? "",
        ...(answer?.text === undefined ? {} : { text: answer.text }),
      },
      redirectURL: answer?.headers.location ?? "",
      headersSize: -1,
      bodySize: -1,
    },
    cache: {},
    timings: { send: 0, wait: durationMs, receive: 0 },
    ...(verdict === undefined ? {} : { _verdict: verdict }),
    ...(caller === undefined ? {} : { _caller: caller }),
    ...(faults === undefined ? {} : { _faults: faults }),
  }
}

function pairsOf(entries: readonly [string, string][]): object[] {
  return entries.map(([name, value]) => ({ name, value }))
}
