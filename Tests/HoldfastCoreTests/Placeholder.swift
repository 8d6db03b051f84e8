import Testing
@Test func placeholderHoldfastCoreTests() {}
