/** The runtime's own fetch. What takes its place later, such as a mock, is the caller's. */
export const platformFetch = globalThis.fetch
