import axios from "axios"

/** The release under test: this suite runs once with the newest and once with the oldest that is supported. */
export const version = axios.VERSION

export const adapters = ["http", "fetch"] as const
