// A separate entry, because these libraries take a while to load.
export { describeMocks } from "./describe-mocks.ts"
export {
  answerBy,
  type MockedRequest,
  type MockedRoute,
  type MockLibrary,
  mockedByMockAgent,
  mockedByMsw,
  mockedByNock,
} from "./mock-library.ts"
