/** The parts of an error that a caller can see, as plain data. */
export interface ErrorFacts {
  /** Names of its classes, the nearest first. */
  classes: string[]
  name: string
  message: string
  code?: unknown
  /** Names of its own enumerable properties, sorted. */
  properties: string[]
  cause?: ErrorFacts
}

/** Returns the facts of the error that ends some work. Fails if there is none. */
export async function errorFacts(work: Promise<unknown>): Promise<ErrorFacts> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error("There was no error.")
  return factsOf(error)
}

function factsOf(error: Error): ErrorFacts {
  const { name, message, cause } = error
  return {
    classes: classesOf(error),
    name,
    message,
    ...("code" in error ? { code: error.code } : {}),
    properties: Object.keys(error).sort(),
    ...(cause instanceof Error ? { cause: factsOf(cause) } : {}),
  }
}

function classesOf(error: Error): string[] {
  const classes: string[] = []
  for (let type: unknown = Object.getPrototypeOf(error); type !== null; type = Object.getPrototypeOf(type)) {
    const { name } = (type as { constructor: { name: string } }).constructor
    if (name !== "Object") classes.push(name)
  }
  return classes
}
