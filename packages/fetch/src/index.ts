export * from "@countersign/auth-core"
