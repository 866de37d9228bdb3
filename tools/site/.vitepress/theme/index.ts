import type { Theme } from "vitepress"
import DefaultTheme from "vitepress/theme-without-fonts"
import StartChoice from "./start-choice.vue"
import "./style.css"

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("StartChoice", StartChoice)
  },
} satisfies Theme
