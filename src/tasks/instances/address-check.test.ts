import { describe, expect, it } from 'vitest';
import { DEFAULT_REGISTRATION_CIDRS } from '../settings.ts';
import { createAddressCheck, parseCidr, parsePortRange } from './address-check.ts';

const anyPort = [{ from: 1, to: 65_535 }];
const registration = createAddressCheck({
  allowedCidrs: DEFAULT_REGISTRATION_CIDRS,
  allowsPublic: false,
  allowedPorts: [{ from: 1_024, to: 65_535 }],
});
const webhooks = createAddressCheck({ allowedCidrs: [], allowsPublic: true, allowedPorts: anyPort });
const everything = createAddressCheck({
  allowedCidrs: ['0.0.0.0/0', '::/0'],
  allowsPublic: true,
  allowedPorts: anyPort,
});

const METADATA = [
  '169.254.169.254',
  '169.254.0.1',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  '::a9fe:a9fe',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
];

describe('addresses that are never called', () => {
  it.each(METADATA)('%s, even where everything is allowed', (address) => {
    expect(everything.refusal(address)).toContain('never called');
  });
});

describe('registration by default', () => {
  it.each([
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    'fd12::1',
    '::ffff:10.0.0.1',
  ])('takes %s', (address) => {
    expect(registration.refusal(address)).toBeUndefined();
  });

  it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1', '::ffff:8.8.8.8'])('refuses %s', (address) => {
    expect(registration.refusal(address)).toContain('not in the allowed ranges (127.0.0.0/8');
  });

  it.each([
    [80, 'port 80 is not among the allowed ports (1024-65535)'],
    [8000, undefined],
  ])('port %d', (port, refusal) => {
    expect(registration.portRefusal(port)).toBe(refusal);
  });
});

describe('webhooks by default', () => {
  it.each(['8.8.8.8', '2606:4700::1'])('may go to %s', (address) => {
    expect(webhooks.refusal(address)).toBeUndefined();
  });

  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '192.168.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '198.18.0.1',
    '64:ff9b::7f00:1',
  ])('may not go to %s', (address) => {
    expect(webhooks.refusal(address)).toContain('not in the allowed ranges (public addresses)');
  });
});

it('says of what is no address that it is none', () => {
  expect(everything.refusal('localhost')).toBe('"localhost" is not an IP address');
});

describe('ranges', () => {
  it.each(['10.0.0.0/33', 'x/8', '10.0.0.0/8/1', '10.0.0.0/', 'fe80::1%eth0/64'])('refuses %j', (text) => {
    expect(() => parseCidr(text)).toThrow(RangeError);
  });

  it('takes an address alone as a range of one', () => {
    expect(parseCidr('10.0.0.1')).toEqual({ address: '10.0.0.1', prefix: 32, family: 'ipv4' });
  });

  it.each(['0', '65536', '9-8', 'a', '1-2-3', ''])('refuses %j as ports', (text) => {
    expect(() => parsePortRange(text)).toThrow(RangeError);
  });

  it.each([
    [8000, { from: 8000, to: 8000 }],
    ['1024-65535', { from: 1024, to: 65_535 }],
  ])('%j', (text, range) => {
    expect(parsePortRange(text)).toEqual(range);
  });
});
