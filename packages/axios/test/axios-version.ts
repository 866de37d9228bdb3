import axios from "axios"

/** The release under test. This suite runs with the newest and with the oldest supported release. */
export const version = axios.VERSION

export const adapters = ["http", "fetch"] as const
