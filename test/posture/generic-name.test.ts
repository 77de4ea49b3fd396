import { describe, expect, test } from 'vitest';
import { lookAtName } from '../../src/posture/generic-name.ts';

describe('a name of every address of a network', () => {
  test.each([
    ['192-0-2-7.isp.example.net', '192.0.2.7'],
    ['host192.0.2.7.example.net', '192.0.2.7'],
    ['7.2.0.192.rev.example.net', '192.0.2.7'],
    ['static-7-2-0-192.example.net', '192.0.2.7'],
    ['ip-203-0-113-9.eu-west-1.compute.example.com', '203.0.113.9'],
    ['203.0.113.customer.example.com', '203.0.113.9'],
    ['c0000207.example.net', '192.0.2.7'],
    ['p5b0a1b2c.dip0.t-ipconnect.de', '91.10.27.44'],
    ['catv-5b0a1b2c.catv.broadband.hu', '91.10.27.44'],
    ['3232235777.example.net', '192.168.1.1'],
    ['192000002007.example.net', '192.0.2.7'],
    ['x192-000-002-007.example.net', '192.0.2.7'],
    ['ec2-198-51-100-23.compute-1.amazonaws.com', '198.51.100.23'],
    ['198-51-100-23.ip.linodeusercontent.com', '198.51.100.23'],
    ['23.ip-198-51-100.eu', '198.51.100.23'],
    ['198.51.100.23', '198.51.100.23'],
    ['static.1234.17c.4f8.2a01.clients.your-server.de', '2a01:4f8:17c:1234::1'],
    ['dyn.example.net', '198.51.100.1'],
    ['dynamic-17.example.net', '198.51.100.1'],
    ['pool4.example.net', '198.51.100.1'],
    ['adsl3.example.net', '198.51.100.1'],
    ['xdslpool.example.net', '198.51.100.1'],
    ['dhcp12.campus.example.edu', '198.51.100.1'],
    ['cust7.example.net', '198.51.100.1'],
    ['10.20.30.40.bb.example.net', '198.51.100.1'],
    ['clients.your-server.de', '198.51.100.1'],
    ['static.198.51.100.1.clients.your-server.de', '198.51.100.1'],
    ['2001-db8-85a3-0-0-8a2e-370-7334.example.net', '2001:db8:85a3::8a2e:370:7334'],
    ['20010db885a3000000008a2e03707334.example.net', '2001:db8:85a3::8a2e:370:7334'],
    ['4.3.3.7.0.7.3.0.e.2.a.8.0.0.0.0.0.0.0.0.3.a.5.8.8.b.d.0.1.0.0.2.ip6.example.net', '2001:db8:85a3::8a2e:370:7334'],
  ])('%s of %s', (name, address) => expect(lookAtName(name, address).generic).toBe(true));
});

describe('a name of one server', () => {
  test.each([
    ['mail.example.org', '192.0.2.7'],
    ['mx1.example.org', '192.0.2.1'],
    ['static.example.org', '192.0.2.7'],
    ['mail7.example.org', '192.0.2.7'],
    ['mail-2-7.example.org', '192.0.2.7'],
    ['a25-2.smtp-out.eu-west-1.amazonses.com', '54.240.25.2'],
    ['smtp-out-192.example.org', '192.0.2.7'],
    ['mx.dynamic.com', '192.0.2.7'],
    ['mail.dsl.net', '192.0.2.7'],
    ['example.org', '192.0.2.7'],
    ['cafe.example.org', '192.0.2.7'],
    ['mail6.example.org', '2001:db8::1'],
    ['userland.example.org', '192.0.2.7'],
    ['poolside.example.org', '192.0.2.7'],
  ])('%s of %s', (name, address) => expect(lookAtName(name, address).generic).toBe(false));

  test('two octets are a note', () => expect(lookAtName('mail-2-7.example.org', '192.0.2.7').why).toContain('2.7'));
});
