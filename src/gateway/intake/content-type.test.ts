import { describe, expect, it } from 'vitest';
import { refusalOf } from './__fixtures__/refusal-of.ts';
import { bodyFormat } from './content-type.ts';

const errorOf = (headers: Record<string, string>, allowsForms = false) =>
  refusalOf(() => bodyFormat(headers, allowsForms));

describe('bodyFormat', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json ; boundary=x',
    'application/vnd.api+json',
  ])('reads %s as JSON', (contentType) => {
    expect(bodyFormat({ 'content-type': contentType }, false)).toEqual({ type: 'json' });
  });

  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data;boundary="a b=c"', 'a b=c'],
    ['Multipart/Form-Data; charset=utf-8; Boundary=----WebKit7', '----WebKit7'],
  ])('reads %s as a form', (contentType, boundary) => {
    expect(bodyFormat({ 'content-type': contentType }, true)).toEqual({ type: 'form', boundary });
  });

  it.each([
    ['text/plain', "'text/plain'"],
    ['application/x-www-form-urlencoded', "'application/x-www-form-urlencoded'"],
    ['application/jsonp', "'application/jsonp'"],
    ['multipart/form-data; boundary=x', "'multipart/form-data; boundary=x'"],
    ['', 'none'],
  ])('refuses %s where JSON is needed', (contentType, found) => {
    expect(errorOf({ 'content-type': contentType })).toMatchObject({
      code: 'unsupported_media_type',
      status: 415,
      param: 'content-type',
      message: `The content-type must be application/json; found ${found}.`,
    });
  });

  it('refuses a body without a type, so that no web page can send one unasked', () => {
    expect(errorOf({}).message).toBe('The content-type must be application/json; found none.');
    expect(errorOf({}, true).message).toContain('application/json or multipart/form-data');
  });

  it('refuses another charset, as JSON is UTF-8', () => {
    expect(errorOf({ 'content-type': 'application/json; charset=latin1' })).toMatchObject({
      status: 415,
      message: "The charset must be utf-8; found 'latin1'.",
    });
  });

  it.each(['gzip', 'br', 'GZIP, identity'])('refuses a body compressed with %s', (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(errorOf(headers)).toMatchObject({ status: 415, param: 'content-encoding' });
  });

  it('takes the encoding that is none', () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' };
    expect(bodyFormat(headers, false)).toEqual({ type: 'json' });
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="a\tb"',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary="ends in space "',
  ])('refuses a form whose boundary is none: %s', (contentType) => {
    expect(errorOf({ 'content-type': contentType }, true)).toMatchObject({
      code: 'invalid_request',
      status: 400,
    });
  });
});
