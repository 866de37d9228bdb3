import type { Credentials } from "@countersign/auth-core"

export const credentials: Credentials = {
  accessKeyId: "AKADAPTER0123456789X",
  secretAccessKey: "secret-key-of-the-adapter-suite-0123456789",
}

export const customerCredentials: Credentials = {
  accessKeyId: "AKCUSTOMER123456789X",
  secretAccessKey: "secret-key-of-a-customer-0123456789abcdefgh",
}

export const temporaryCredentials: Credentials = {
  ...credentials,
  accessKeyId: "AKTEMPORARY23456789X",
  securityToken: "security-token-of-the-adapter-suite",
}
