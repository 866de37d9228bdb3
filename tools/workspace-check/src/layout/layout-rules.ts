/** The limits of the sources' layout, and the exceptions to them. */
export interface LayoutRules {
  /** Files that may have a name of another kind, each with its reason. */
  misnamed: Readonly<Record<string, string>>
  /** The most files that a folder may hold, with all below it. */
  mostFiles: Readonly<Record<string, number>>
  /** In these folders, each file of {@link SHORT_LINES} lines or fewer is listed with its reason. */
  short: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The most comments that may begin with "What". */
  mostWhatComments: number
}

export const SHORT_LINES = 15

const core = "packages/auth-core/src"

export const layoutRules: LayoutRules = {
  misnamed: {
    [`${core}/digest/node.ts`]: "It is `#digest` on Node; its exports have the same names in both implementations.",
    [`${core}/digest/portable.ts`]:
      "It is `#digest` elsewhere; its exports have the same names in both implementations.",
    [`${core}/iam/iam-answer.ts`]: "Its exports read one part each of an answer of IAM.",
    [`${core}/iam/lookups.ts`]: "Its exports look up one id each.",
    [`${core}/runtime/http.ts`]: "Its exports are the types of fetch and the rules of HTTP that several rooms share.",
    [`${core}/runtime/read-answer.ts`]: "Its exports read one part each of what a server or a client gave.",
    "packages/axios/src/axios-releases.ts": "Its exports serve the oldest releases of axios only.",
    "packages/axios/src/wire.ts": "Its exports translate between a config of axios and what is on the wire.",
    "tools/bench/src/example-request.ts": "Its exports are one request, in the forms that the peers take.",
    "tools/conformance/src/matrix.ts": "Its exports are the axes of the matrix, and its cells.",
  },
  // 116: the turns of a key are loaded with the first signature, the judge of a refused one after that.
  mostFiles: { [core]: 116, [`${core}/explain`]: 11 },
  short: {
    [core]: {
      [`${core}/engine/bodies.chunk.ts`]: "It is the chunk that a Request, a form or a stream loads.",
      [`${core}/cloud/body-size.ts`]: "Signing, the engine and bodies keep the same limit.",
      [`${core}/runtime/listeners-channel.ts`]: "It is eager, and the code that publishes is loaded on demand.",
    },
  },
  mostWhatComments: 0,
}
