import type { Answer } from "../recording-server.ts"

export const expiredTokenAnswer: Answer = rejectionAnswer("token expires")

export const wrongSignatureAnswer: Answer = rejectionAnswer("verify aksk signature fail")

function rejectionAnswer(reason: string): Answer {
  return {
    status: 401,
    body: JSON.stringify({
      error_code: "APIGW.0301",
      error_msg: `Incorrect IAM authentication information: ${reason}`,
      request_id: "r-1",
    }),
  }
}
