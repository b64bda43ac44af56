// Makes media-chrome's styles work under a Content-Security-Policy without 'unsafe-inline'. Its elements
// write <style> into their shadow roots, which the policy blocks; this file turns these into constructed
// style sheets, which the policy allows. It must be imported before any of the elements.

const attachShadow = Element.prototype.attachShadow

Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit): ShadowRoot {
  const root = attachShadow.call(this, init)
  if (this.localName.startsWith('media-')) adoptInlineStyles(root)
  return root
}

/** Intercepts innerHTML and setHTMLUnsafe, and moves each <style> in the HTML to a style sheet. */
function adoptInlineStyles(root: ShadowRoot): void {
  const write = (html: string) => {
    const template = document.createElement('template')
    // Inside a template a <style> is not applied yet, so the browser reports no policy violation.
    template.innerHTML = html
    root.adoptedStyleSheets = [...template.content.querySelectorAll('style')].map(toStyleSheet)
    root.replaceChildren(template.content)
  }
  Object.defineProperty(root, 'innerHTML', { set: write, configurable: true })
  Object.defineProperty(root, 'setHTMLUnsafe', { value: write, configurable: true })
}

/**
 * media-chrome changes its rules through the `sheet` of its `style` elements, to move bars and to hide
 * controls. So an element named `style` stays in the tree. It is not an HTML element, because the browser
 * reports even an empty HTML <style> as a violation.
 */
function toStyleSheet(style: HTMLStyleElement): CSSStyleSheet {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`${style.textContent}\nstyle { display: none }`)
  const placeholder = document.createElementNS('onair:style', 'style')
  Object.defineProperty(placeholder, 'sheet', { value: sheet })
  style.replaceWith(placeholder)
  return sheet
}
