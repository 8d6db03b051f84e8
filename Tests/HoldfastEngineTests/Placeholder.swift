import Testing
@Test func placeholderHoldfastEngineTests() {}
