import { type Feature, type FeatureList, releasesWith } from "@countersign/testkit"
import { markdownTable } from "@countersign/tools-shared/markdown-table"

const INTRODUCTION = `# Client features with authentication

With \`withAuth\` a client keeps all its features. A test uses each feature below three times against a real server: without
authentication, with a token (which leaves bodies unread), and with a signature (which reads them). The caller must get the same result,
and the server must receive the same request, except for a fresh authentication on each attempt. Some features differ on purpose. The
table then states the reason, and a test checks that the difference exists.

\`npm run client-features\` writes this page from \`packages/*/test/features\`. A test fails when it is out of date.
`

/** The page that lists what is compared, client by client. */
export function clientFeatures(lists: readonly FeatureList<never>[]): string {
  const sorted = lists.toSorted((left, right) => (left.client < right.client ? -1 : 1))
  return [
    INTRODUCTION,
    `${markdownTable(["Client", "Releases", "Features"], sorted.map(total))}\n`,
    ...sorted.map(clientSection),
  ].join("\n")
}

function total(list: FeatureList<never>): string[] {
  const { client, releases, themes } = list
  const name = `[${client}](#${client
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-")})`
  return [name, releases.map(versioned).join("; "), String(Object.values(themes).flat().length)]
}

function clientSection(list: FeatureList<never>): string {
  const { client, releases, themes } = list
  const sections = Object.entries(themes).map(([theme, features]) => {
    const rows = features.map((feature) => [
      `[${escaped(feature.name)}](${feature.documentation})`,
      checkedWith(list, feature),
      differenceOf(feature),
    ])
    return `### ${theme}\n\n${markdownTable(["Feature", "Checked with", "Different on purpose"], rows)}\n`
  })
  return [`## ${client}\n\nReleases: ${releases.map(versioned).join("; ")}.\n`, ...sections].join("\n")
}

function versioned({ name, version }: FeatureList<never>["releases"][number]): string {
  return name.includes(version) ? name : `${name} (${version})`
}

function checkedWith(list: FeatureList<never>, feature: Feature<never>): string {
  const present = releasesWith(list, feature)
  return present.length === list.releases.length ? "all" : present.map(({ name }) => name).join("; ")
}

function differenceOf({ differs }: Feature<never>): string {
  if (differs === undefined) return ""
  const { because, releases } = differs
  return escaped(releases === undefined ? because : `${releases.join("; ")}: ${because}`)
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;")
}
