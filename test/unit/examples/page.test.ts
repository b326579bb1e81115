import { expect, test } from 'vitest'
import { type Page, renderPage } from '../../../packages/examples/src/bookinfo/page.ts'

const PAGE: Page = {
  product: { id: 0, title: 'A & B', description: '' },
  details: { id: 0, author: '<script>alert(1)</script>' },
  reviews: {
    version: 'v3',
    reviews: [
      { reviewer: 'r1', text: 'good', rating: { stars: 4, color: 'red' } },
      { reviewer: 'r2', text: 'fine', rating: { stars: 99, color: '"><b>' } },
      { reviewer: 'r3', text: 'hm', rating: { error: 'no ratings' } },
    ],
  },
}

test('the page shows stars in their colour, and nothing that a service says is taken for HTML', () => {
  const html = renderPage(PAGE)
  expect(html).toContain('<title>A &amp; B</title>')
  expect(html).toContain('<dd>&lt;script&gt;alert(1)&lt;/script&gt;</dd>')
  expect(html).toContain('<div class="stars red" title="4 of 5">★★★★☆</div>')
  expect(html).toContain('<div class="stars" title="5 of 5">★★★★★</div>')
  expect(html).toContain('no ratings')
  expect(html).not.toMatch(/<script|<b>/)
})

test('a part that cannot be had leaves the other in place', () => {
  const html = renderPage({ ...PAGE, reviews: { error: '503 no healthy upstream' } })
  expect(html).toContain('Not available: 503 no healthy upstream')
  expect(html).toContain('<dt>author</dt>')
})
