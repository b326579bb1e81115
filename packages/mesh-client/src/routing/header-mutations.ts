/** Names and values in turn, names lower case: `['accept', 'text/html', …]`. */
export type HeaderList = readonly string[]
