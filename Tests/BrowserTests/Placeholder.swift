import Testing
@Test func placeholderBrowserTests() {}
