import Testing
@Test func placeholderHoldfastScannersTests() {}
