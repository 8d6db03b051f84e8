import Testing
@Test func placeholderHoldfastServerTests() {}
