import { render } from "preact"
import { App } from "./app.tsx"
import { connect } from "./live.ts"
import "./style.css"

connect()
render(<App />, document.querySelector("#app") ?? document.body)
