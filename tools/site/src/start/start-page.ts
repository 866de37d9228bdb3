import { CLIENTS, type StartClient } from "./clients.ts"
import { WAYS } from "./ways.ts"

/** `docs/start.md`: the programs of all clients, for each way to authenticate. */
export function startPage(): string {
  return [
    "# Start",
    "",
    "Choose your client or framework, and your way to authenticate. Each program is complete. Tests run every one of them as it stands",
    "against [the emulator](packages/emulator.md), which checks each token and each signature.",
    "",
    ...WAYS.map(({ title, when }) => `- **${title}.** ${when}`),
    "",
    "[Token or AK/SK](guides/which-method.md) compares them. [Explain a refusal](explain.md) says why a request was refused.",
    "",
    ...CLIENTS.flatMap(sectionOf),
  ].join("\n")
}

function sectionOf(client: StartClient): string[] {
  const { title, install, note } = client
  const ways = WAYS.filter((way) => client.allows?.(way) ?? true)
  return [
    `## ${title}`,
    "",
    "```sh",
    `npm install ${install}`,
    "```",
    "",
    ...(note === undefined ? [] : [note, ""]),
    ...ways.flatMap((way) => [`### ${title}: ${way.title}`, "", fenceOf(client), `${client.program(way)}\`\`\``, ""]),
  ]
}

/** The page of the site: only the chosen client's program for the chosen way shows. */
export function withChoice(page: string): string {
  const [intro = "", ...clients] = page.split(/^(?=## )/m)
  const sections = clients.map((text, index) => {
    const client = CLIENTS[index]
    const [head = "", ...programs] = text.split(/^(?=### )/m)
    const ways = WAYS.filter((way) => client?.allows?.(way) ?? true)
    const shown = programs.map((program, place) =>
      section(`data-client="${client?.id}" data-way="${ways[place]?.id}"`, program),
    )
    return section(`data-client="${client?.id}"`, head) + shown.join("")
  })
  return `${intro}<StartChoice>\n\n${sections.join("")}</StartChoice>\n`
}

function section(attributes: string, text: string): string {
  return `<section ${attributes}>\n\n${text.trim()}\n\n</section>\n\n`
}

function fenceOf({ run }: StartClient): string {
  const language = run === "commonjs" || run === "jest" ? "js" : "ts"
  return `\`\`\`${language}${run === "node" ? "" : ` run=${run}`}`
}
