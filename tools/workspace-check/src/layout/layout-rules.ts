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

export const layoutRules: LayoutRules = {
  misnamed: {},
  mostFiles: { "packages/auth-core/src": 202 },
  short: {},
  mostWhatComments: 169,
}
