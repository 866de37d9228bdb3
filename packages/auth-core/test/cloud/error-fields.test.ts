import { describe, expect, it } from "vitest"
import { readErrorFields } from "../../src/cloud/error-fields.ts"

const OBS =
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match.</Message><RequestId>0000018A</RequestId><HostId>x</HostId></Error>'

describe("the fields of an error", () => {
  it.each<[shape: string, body: object | string, fields: object]>([
    [
      "a gateway",
      { error_msg: "denied", error_code: "APIGW.0302", request_id: "r" },
      { errorCode: "APIGW.0302", errorMessage: "denied", requestId: "r" },
    ],
    [
      "IAM /v3 and Keystone",
      { error: { code: 401, message: "Unauthorized.", title: "Unauthorized" } },
      { errorCode: "401", errorMessage: "Unauthorized." },
    ],
    ["IAM v3.0", { error_msg: "no", error_code: "IAM.0004" }, { errorCode: "IAM.0004", errorMessage: "no" }],
    [
      "IAM v5",
      { error_code: "PAP5.0001", error_msg: "access denied", request_id: "r", encoded_authorization_message: "eJx" },
      { errorCode: "PAP5.0001", errorMessage: "access denied", requestId: "r", encodedAuthorizationMessage: "eJx" },
    ],
    [
      "a policy's refusal within `error`",
      { error: { error_code: "PAP5.0001", error_msg: "no", encoded_authorization_message: "eJx" } },
      { errorCode: "PAP5.0001", errorMessage: "no", encodedAuthorizationMessage: "eJx" },
    ],
    ["KMS", { error: { error_msg: "m", error_code: "KMS.0303" } }, { errorCode: "KMS.0303", errorMessage: "m" }],
    ["VPC", { code: "VPC.0601", message: "m" }, { errorCode: "VPC.0601", errorMessage: "m" }],
    ["old ELB", { message: "wrong", request_id: "r" }, { errorMessage: "wrong", requestId: "r" }],
    [
      "the container registry",
      { errors: [{ code: "DENIED", message: "Authenticate Error", detail: "" }] },
      { errorCode: "DENIED", errorMessage: "Authenticate Error" },
    ],
    [
      "the API of the registry",
      { errors: [{ errorCode: "SVCSTG.SWR.4010000", errorMessage: "Authenticate Error" }] },
      { errorCode: "SVCSTG.SWR.4010000", errorMessage: "Authenticate Error" },
    ],
    ["CCE", { errorCode: "CCE.01401001", errorMsg: "m" }, { errorCode: "CCE.01401001", errorMessage: "m" }],
    ["OpenStack", { forbidden: { message: "no", code: 403 } }, { errorCode: "403", errorMessage: "no" }],
    ["Neutron", { NeutronError: { type: "X", message: "no", detail: "" } }, { errorMessage: "no" }],
    [
      "Kubernetes",
      { kind: "Status", status: "Failure", message: "Unauthorized", reason: "Unauthorized", code: 401 },
      { errorCode: "401", errorMessage: "Unauthorized" },
    ],
    [
      "OBS",
      OBS,
      {
        errorCode: "SignatureDoesNotMatch",
        errorMessage: "The request signature we calculated does not match.",
        requestId: "0000018A",
      },
    ],
    ["a page", "<html>401</html>", { errorMessage: "<html>401</html>" }],
    [
      "a text",
      "Please configure Cloud Service Agency first",
      { errorMessage: "Please configure Cloud Service Agency first" },
    ],
    ["nothing", " \n", {}],
    ["null", "null", { errorMessage: "null" }],
  ])("of %s are found", (_, body, fields) => {
    const found = readErrorFields(typeof body === "string" ? body : JSON.stringify(body))
    const defined = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
    expect(defined).toEqual(fields)
  })
})
