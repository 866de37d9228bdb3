import type { Theme } from "vitepress"
import DefaultTheme from "vitepress/theme-without-fonts"
import { searchOptions } from "./search-options.ts"
import StartChoice from "./start-choice.vue"
import "./style.css"

export default {
  extends: DefaultTheme,
  enhanceApp({ app, siteData }) {
    app.component("StartChoice", StartChoice)
    const { themeConfig } = siteData.value
    const search = { provider: "local", options: { miniSearch: { searchOptions } } }
    siteData.value = { ...siteData.value, themeConfig: { ...themeConfig, search } }
  },
} satisfies Theme
