import type { Answer, Arrival } from "@countersign/testkit"
import type { PaginationOptions } from "got"
import { errorOf, page } from "./got-feature.ts"

const pages = page("4-pagination")

/** Three pages of two numbers each, linked by header. */
function listing({ target }: Arrival): Answer {
  const number = Number(new URL(target, "http://x").searchParams.get("page") ?? 1)
  const link = number < 3 ? { link: `</list?page=${number + 1}>; rel="next"` } : {}
  return { headers: link, body: JSON.stringify([number * 2 - 1, number * 2]) }
}

type Options = PaginationOptions<number, unknown>

export const pagination = [
  pages(
    "gotpaginateeachurl-options",
    "paginate and paginate.each iterate over the items of all pages",
    async ({ api }, { server: { arrivals } }) => {
      const items: number[] = []
      for await (const item of api.paginate<number>("list")) items.push(item)
      for await (const item of api.paginate.each<number>("list", { searchParams: { page: 3 } })) items.push(item)
      return [items, arrivals.map(({ target }) => target)]
    },
    {
      answer: listing,
      gives: [
        [1, 2, 3, 4, 5, 6, 5, 6],
        ["/list", "/list?page=2", "/list?page=3", "/list?page=3"],
      ],
    },
  ),
  pages(
    "gotpaginateallurl-options",
    "paginate.all gives all items at once",
    async ({ api }) => api.paginate.all<number>("list"),
    { answer: listing, gives: [1, 2, 3, 4, 5, 6] },
  ),
  pages(
    "transform",
    "transform takes the items out of the answer",
    async ({ api }) => {
      const transform: Options["transform"] = async ({ body, statusCode }) =>
        (JSON.parse(String(body)) as number[]).map((item) => item * 10 + (statusCode === 200 ? 1 : 0))
      return api.paginate.all<number>("list", { pagination: { transform } })
    },
    { answer: listing, gives: [11, 21, 31, 41, 51, 61] },
  ),
  pages(
    "filter",
    "filter and shouldContinue see the item and those before it",
    async ({ api }, { server: { arrivals } }) => {
      const seen: unknown[] = []
      const pagination: Options = {
        stackAllItems: true,
        filter: ({ item }) => item % 2 === 0,
        shouldContinue({ item, currentItems, allItems }) {
          seen.push([item, currentItems.length, allItems.length])
          return item < 4
        },
      }
      return [await api.paginate.all<number>("list", { pagination }), seen, arrivals.length]
    },
    {
      answer: listing,
      gives: [
        [2],
        [
          [2, 0, 0],
          [4, 0, 1],
        ],
        2,
      ],
    },
  ),
  pages(
    "countlimit",
    "countLimit and requestLimit end it",
    async ({ api }, { server: { arrivals } }) => [
      await api.paginate.all("list", { pagination: { countLimit: 3 } }),
      await api.paginate.all("list", { pagination: { requestLimit: 2 } }),
      arrivals.length,
    ],
    { answer: listing, gives: [[1, 2, 3], [1, 2, 3, 4], 4] },
  ),
  pages(
    "paginate",
    "paginate says what the next request is: URL, query, headers or nothing",
    async ({ api }, { server: { arrivals } }) => {
      const paginate: Options["paginate"] = ({ response, currentItems, allItems }) => {
        const { searchParams } = response.request.options
        const next = Number(searchParams.get("page") ?? 1) + 1
        return next > 3
          ? false
          : { searchParams: { page: next }, headers: { "x-seen": `${currentItems.length} ${allItems.length}` } }
      }
      const items = await api.paginate.all("list", { searchParams: { page: 1 }, pagination: { paginate } })
      return [items, arrivals.map(({ target, headers }) => [target, headers["x-seen"]])]
    },
    {
      answer: listing,
      gives: [
        [1, 2, 3, 4, 5, 6],
        [
          ["/list?page=1", undefined],
          ["/list?page=2", "2 0"],
          ["/list?page=3", "2 0"],
        ],
      ],
    },
  ),
  pages(
    "paginate",
    "paginate may give a URL, and a body for the next page",
    async ({ api }, { server: { arrivals, url } }) => {
      let calls = 0
      const paginate: Options["paginate"] = () => {
        calls += 1
        return calls < 3 && { url: new URL(`${url}/next?page=${calls + 1}`), json: { page: calls + 1 } }
      }
      const items = await api.paginate.all("list", { method: "POST", json: { page: 1 }, pagination: { paginate } })
      return [items, arrivals.map(({ method, target, body }) => `${method} ${target} ${body}`)]
    },
    {
      answer: listing,
      gives: [
        [1, 2, 3, 4, 5, 6],
        ['POST /list {"page":1}', 'POST /next?page=2 {"page":2}', 'POST /next?page=3 {"page":3}'],
      ],
    },
  ),
  pages(
    "backoff",
    "backoff waits between pages",
    async ({ api }) => {
      const begun = performance.now()
      await api.paginate.all("list", { pagination: { backoff: 30 } })
      return performance.now() - begun >= 59
    },
    { answer: listing, gives: true },
  ),
  pages(
    "",
    "an error of a page ends it",
    async ({ api }) => {
      const items: number[] = []
      const iterate = async (): Promise<void> => {
        for await (const item of api.paginate<number>("list")) items.push(item)
      }
      const { name, response } = await errorOf(iterate())
      return [items, name, response?.statusCode]
    },
    {
      answer: (arrival, index) => (index === 1 ? { status: 404 } : listing(arrival)),
      gives: [[1, 2], "HTTPError", 404],
    },
  ),
  pages(
    "pagination",
    "pagination may be an option of the instance",
    async ({ api }) => {
      const instance = api.extend({ pagination: { countLimit: 1 } })
      return [await instance.paginate.all("list"), instance.defaults.options.pagination.countLimit]
    },
    { answer: listing, gives: [[1], 1] },
  ),
]
