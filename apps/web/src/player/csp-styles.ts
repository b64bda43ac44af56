// Lets media-chrome's elements keep their styles under a Content-Security-Policy without
// 'unsafe-inline': they write <style> into their shadow roots, which the policy switches off, while
// constructed style sheets are allowed. Imported before any of the elements.

const attachShadow = Element.prototype.attachShadow

Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit): ShadowRoot {
  const root = attachShadow.call(this, init)
  if (this.localName.startsWith('media-')) adoptWrittenStyles(root)
  return root
}

/** Templates that were written with innerHTML or setHTMLUnsafe bring their styles in as sheets. */
function adoptWrittenStyles(root: ShadowRoot): void {
  const write = (html: string) => {
    const template = document.createElement('template')
    // Inert: a <style> in here is no style sheet yet, and nothing is reported.
    template.innerHTML = html
    root.adoptedStyleSheets = [...template.content.querySelectorAll('style')].map(takeSheet)
    root.replaceChildren(template.content)
  }
  Object.defineProperty(root, 'innerHTML', { set: write, configurable: true })
  Object.defineProperty(root, 'setHTMLUnsafe', { value: write, configurable: true })
}

/**
 * media-chrome looks for the `sheet` of its `style` elements to move bars and to hide controls, so
 * one stays in place: of a namespace of its own, since even an empty HTML one is reported.
 */
function takeSheet(style: HTMLStyleElement): CSSStyleSheet {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`${style.textContent}\nstyle { display: none }`)
  const place = document.createElementNS('onair:style', 'style')
  Object.defineProperty(place, 'sheet', { value: sheet })
  style.replaceWith(place)
  return sheet
}
