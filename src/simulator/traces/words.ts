/** The words that made-up prompts consist of: common, of three letters, so that each is about one token of any tokenizer. */

/** 128 words: seven bits choose one. With the space before it each takes four bytes. */
export const WORDS: readonly string[] = `
  the and for are but not you all any can had her was one our out day get has him his how man new now old see two way who
  boy did its let put say she too use dad mom car dog cat sun sea sky ice hot red big far few low top end air arm art bag
  bar bed bit box bus buy cry cup cut due ear eat egg eye fit fly fun gas god gun guy hat hit job joy key kid law lay leg
  lie lot map may mix nor off oil own pay per pop pot raw rid row run sad sat set sit six son tax tea ten tie tip try war
  wet why win yes yet act add ago
`
  .trim()
  .split(/\s+/);

/** What the usual estimate of four bytes a token makes of one word and the space before it. */
export const WORD_BYTES = 4;
