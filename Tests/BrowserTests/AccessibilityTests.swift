import Foundation
import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// The dashboard by keyboard alone, by name and role, in both colour schemes and on a phone.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AccessibilityTests {
  @Test func aScanIsStartedAndCancelledByKeyboardAlone() async throws {
    try await Dashboard.open { dashboard in
      try dashboard.makeLibrary()
      dashboard.brakeRunners()
      let page = try await dashboard.page()
      try await page.press(.tab)
      #expect(try await page.text(of: ":focus") == "Skip to content")
      try await Self.tab(to: "#root-path", on: page)
      try await page.type(dashboard.library)
      try await page.press(.enter)
      try await page.wait(until: "location.pathname.startsWith('/scans/')")
      try await page.wait(until: "document.querySelector('#scan-head .status-running')")
      try await Self.tab(to: "[data-key=action-cancel]", on: page)
      try await page.press(.enter)
      try await page.wait(until: "document.querySelector('#confirm-cancel:popover-open')")
      #expect(
        try await page.evaluate("document.activeElement.closest('#confirm-cancel') !== null")
          == true)
      try await page.press(.escape)
      try await page.wait(until: "!document.querySelector('#confirm-cancel:popover-open')")
      #expect(try await page.evaluate("document.activeElement.dataset.key") == "action-cancel")
      try await page.press(.enter)
      try await page.press(.enter)
      try await page.wait(
        until: "document.querySelector('#scan-head .status-cancelled')", limit: .seconds(30))
    }
  }

  /// Every page in both colour schemes: its structure, the names of what can be operated, its contrast.
  @Test func whatIsShownHasNamesRolesAndContrast() async throws {
    try await Dashboard.open { dashboard in
      try dashboard.makeLibrary(courses: 10)
      try await dashboard.populate()
      let number = try await dashboard.submit()
      try await dashboard.ended(number)
      for scheme in PageAppearance.ColorScheme.allCases {
        let appearance = PageAppearance(width: 1280, height: 900, colorScheme: scheme)
        let signedOut = try await dashboard.emptyPage(as: appearance)
        try await signedOut.navigate(to: dashboard.base + "/sign-in")
        try await Self.expectAccess(to: signedOut, "\(scheme) /sign-in")
        let page = try await dashboard.page("/", as: appearance)
        for path in Dashboard.paths(scan: number) {
          try await page.navigate(to: dashboard.base + path)
          try await Self.expectAccess(to: page, "\(scheme) \(path)")
        }
      }
    }
  }

  /// Nothing is wider than the page. The pictures stay in `artifacts/`.
  @Test func fitsEveryWidth() async throws {
    try await Dashboard.open { dashboard in
      try dashboard.makeLibrary(courses: 10)
      try await dashboard.populate()
      let number = try await dashboard.submit()
      try await dashboard.ended(number)
      for (width, scheme, isPictured) in [
        (1280, .light, true), (1280, .dark, true), (390, .light, true), (320, .dark, false),
      ] as [(Int, PageAppearance.ColorScheme, Bool)] {
        let page = try await dashboard.page(
          as: PageAppearance(
            width: width, height: 844, scale: width < 700 ? 2 : 1, colorScheme: scheme))
        for path in Dashboard.paths(scan: number) {
          try await page.navigate(to: dashboard.base + path)
          try await Self.expectNoOverflow(on: page, "\(path), \(width), \(scheme)")
          guard isPictured else { continue }
          let words = path.prefix { $0 != "?" }.split { !$0.isLetter }
          let name =
            words.isEmpty ? (path == "/" ? "list" : "empty") : words.joined(separator: "-")
          try await dashboard.picture(of: page, as: "\(name)-\(width)-\(scheme)")
        }
        await page.close()
      }
    }
  }

  // MARK: Helpers

  /// Presses Tab until the element has the focus; every stop on the way must be visible, and its focus too.
  private static func tab(to selector: String, on page: BrowserPage) async throws {
    for _ in 0..<60 {
      try await page.press(.tab)
      let stop = try await page.evaluate(
        """
        (() => {
          const element = document.activeElement;
          const style = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          const isMarked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
            || style.boxShadow !== 'none';
          return {
            isWanted: element.matches('\(selector)'),
            isVisible: element === document.body || isMarked && box.width > 0 && box.height > 0,
            name: element.outerHTML.slice(0, 120),
          };
        })()
        """)
      #expect(stop["isVisible"]?.boolValue == true, "no visible focus: \(stop["name"] ?? .null)")
      if stop["isWanted"]?.boolValue == true { return }
    }
    Issue.record("Tab never reaches \(selector)")
  }

  private static func expectNoOverflow(on page: BrowserPage, _ place: String) async throws {
    let excess = try await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth")
    #expect(excess == 0, "horizontal overflow: \(place)")
  }

  private static func expectAccess(to page: BrowserPage, _ place: String) async throws {
    try await expectStructure(of: page, place)
    try await expectNames(on: page, place)
    let faint = try await page.evaluate(faintTexts).arrayValue ?? []
    #expect(faint == [], "too little contrast: \(place)")
  }

  private static func expectStructure(of page: BrowserPage, _ place: String) async throws {
    let structure = try await page.evaluate(
      """
      ({
        lang: document.documentElement.lang,
        title: document.title.length > 0,
        mains: document.querySelectorAll('main').length,
        headings: document.querySelectorAll('h1').length,
        skipped: [...document.querySelectorAll('h1,h2,h3,h4')]
          .filter((h, i, all) => i > 0 && h.tagName[1] - all[i - 1].tagName[1] > 1).length,
        doubles: [...document.querySelectorAll('[id]')]
          .filter((e, i, all) => all.findIndex(o => o.id === e.id) !== i).map(e => e.id),
        unknown: [...document.querySelectorAll('[aria-labelledby],[aria-describedby]')]
          .flatMap(e => [e.getAttribute('aria-labelledby'), e.getAttribute('aria-describedby')])
          .filter(Boolean).flatMap(ids => ids.split(' ')).filter(id => !document.getElementById(id)),
        unlabelled: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
          .filter(e => !e.labels.length && !e.ariaLabel && !e.hasAttribute('aria-labelledby'))
          .map(e => e.outerHTML),
        stray: [...document.querySelectorAll('label[for]')]
          .filter(e => !document.getElementById(e.htmlFor)).map(e => e.htmlFor),
        nested: document.querySelectorAll('a a, a button, button a, button button, label a').length,
        // The order of the focus is that of the page.
        reordered: document.querySelectorAll('[tabindex]:not([tabindex="0"], [tabindex="-1"])').length,
        headless: [...document.querySelectorAll('table')]
          .filter(t => !t.caption && !t.ariaLabel && !t.closest('[aria-labelledby]') || !t.querySelector('th[scope]'))
          .length,
        outside: [...document.body.children]
          .filter(e => !e.matches('header, main, footer, .skip-link, [role=status], script')).length,
      })
      """)
    #expect(
      structure == [
        "lang": "en", "title": true, "mains": 1, "headings": 1, "skipped": 0, "doubles": [],
        "unknown": [], "unlabelled": [], "stray": [], "nested": 0, "reordered": 0, "headless": 0,
        "outside": 0,
      ], "\(place)")
  }

  /// Everything that can be operated, by the browser's own accessibility tree, has a name.
  private static func expectNames(on page: BrowserPage, _ place: String) async throws {
    let tree = try await page.send("Accessibility.getFullAXTree")
    let operable: Set = [
      "button", "link", "textbox", "searchbox", "checkbox", "combobox", "progressbar", "meter",
      "table", "navigation", "search", "dialog", "DisclosureTriangle",
    ]
    var count = 0
    for node in tree["nodes"]?.arrayValue ?? [] where node["ignored"]?.boolValue != true {
      guard let role = node["role"]?["value"]?.stringValue, operable.contains(role) else {
        continue
      }
      count += 1
      let name = node["name"]?["value"]?.stringValue ?? ""
      #expect(
        !name.trimmingCharacters(in: .whitespaces).isEmpty, "a \(role) without a name: \(place)")
    }
    #expect(count > 1, "\(place)")
  }

  /// The texts whose contrast with what is behind them is below 4.5 : 1 (3 : 1 where large), after WCAG 2.2, 1.4.3. Colours
  /// are painted and read back, so that every notation of CSS counts.
  private static let faintTexts = """
    (() => {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
      const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
      };
      const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
      const canvasColor = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
      const behind = (element) => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) {
          const color = rgba(getComputedStyle(e).backgroundColor);
          if (color[3] > 0) layers.push(color);
          if (color[3] === 1) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), canvasColor);
      };
      const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
      };
      const faint = new Set();
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
        if (element.closest('[aria-hidden=true], :disabled, .visually-hidden, .skip-link, script, style')) continue;
        const style = getComputedStyle(element);
        const below = behind(element);
        const [a, b] = [luminance(over(rgba(style.color), below)), luminance(below)];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
        if (ratio < (isLarge ? 3 : 4.5)) {
          faint.add(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
        }
      }
      return [...faint];
    })()
    """
}
