import Testing
@Test func placeholderStoreConformanceTests() {}
