export interface Product {
  readonly id: number
  readonly title: string
  readonly description: string
}

/** What the service details tells. */
export type Details = Readonly<Record<string, string | number>>

/** What the service reviews tells; stars only from v2 on. */
export interface Reviews {
  readonly version: string
  readonly reviews: readonly Review[]
}

interface Review {
  readonly reviewer: string
  readonly text: string
  readonly rating?: { readonly stars: number; readonly color: string } | { readonly error: string }
}

type OrError<T> = T | { readonly error: string }

export interface Page {
  readonly product: Product
  readonly details: OrError<Details>
  readonly reviews: OrError<Reviews>
}

const STYLE = `
  :root { color-scheme: light dark; --red: #d33 }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
  h1 { margin-bottom: 0 }
  section { border-top: 1px solid #8885; margin-top: 1.5rem; padding-top: .5rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem }
  dt { opacity: .7 } dd { margin: 0 }
  blockquote { margin: 1rem 0 }
  small { opacity: .7 }
  .stars { font-size: 1.3rem; letter-spacing: .1em }
  .red { color: var(--red) }
  .error { color: var(--red) }
`

const MAX_STARS = 5

export function renderPage({ product, details, reviews }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(product.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(product.title)}</h1>
<p>${escapeHtml(product.description)}</p>
<section><h2>Details</h2>${renderDetails(details)}</section>
<section><h2>Reviews</h2>${renderReviews(reviews)}</section>
</body>
</html>
`
}

function renderDetails(details: Page['details']): string {
  if (isError(details)) return renderError(details.error)
  const { id: _, ...facts } = details as Details
  const rows = Object.entries(facts).map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd>`,
  )
  return `<dl>${rows.join('')}</dl>`
}

function renderReviews(reviews: Page['reviews']): string {
  if (isError(reviews)) return renderError(reviews.error)
  const items = reviews.reviews.map(
    ({ reviewer, text, rating }) =>
      `<blockquote>${escapeHtml(text)}<br><small>${escapeHtml(reviewer)}</small>${renderRating(rating)}</blockquote>`,
  )
  return `${items.join('\n')}<p><small>served by reviews ${escapeHtml(reviews.version)}</small></p>`
}

function renderRating(rating: Review['rating']): string {
  if (rating === undefined) return ''
  if ('error' in rating) return renderError(rating.error)
  const filled = Math.min(Math.max(Math.round(rating.stars), 0), MAX_STARS)
  const color = rating.color === 'red' ? 'stars red' : 'stars'
  const stars = '★'.repeat(filled) + '☆'.repeat(MAX_STARS - filled)
  return `<div class="${color}" title="${filled} of ${MAX_STARS}">${stars}</div>`
}

function renderError(message: string): string {
  return `<p class="error">Not available: ${escapeHtml(message)}</p>`
}

function isError(part: object): part is { readonly error: string } {
  return 'error' in part
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
