import assert from 'node:assert/strict';
import { test } from 'node:test';
import { siteName } from '../../src/mx/site_name.ts';

const EXAMPLES: [string[], string][] = [
  [['mta5.am0.yahoodns.net', 'mta6.am0.yahoodns.net', 'mta7.am0.yahoodns.net'], '(mta5|mta6|mta7).am0.yahoodns.net'],
  [
    ['gmail-smtp-in', 'alt1.gmail-smtp-in', 'alt2.gmail-smtp-in', 'alt3.gmail-smtp-in', 'alt4.gmail-smtp-in'].map(
      (host) => `${host}.l.google.com.`,
    ),
    '(alt1|alt2|alt3|alt4)?.gmail-smtp-in.l.google.com',
  ],
  [
    ['mta5.am0.yahoodns.net:123', 'mta6.am0.yahoodns.net:456', 'mta7.am0.yahoodns.net:123'],
    '(mta5|mta6|mta7).am0.yahoodns.(net:123|net:456)',
  ],
  [['do.havedane.net'], 'do.havedane.net'],
  [['mta5.am0.yahoodns.net:123', 'mta6.am0.yahoodns.net:456'], '(mta5|mta6).am0.yahoodns.(net:123|net:456)'],
  [
    ['example-com.mail.protection.outlook.com', 'mx-biz.mail.am0.yahoodns.net'],
    '(example-com|mx-biz).mail.(protection|am0).(outlook|yahoodns).(com|net)',
  ],
  [
    ['mx-biz.mail.am0.yahoodns.net', 'example-com.mail.protection.outlook.com'],
    '(mx-biz|example-com).mail.(am0|protection).(yahoodns|outlook).(net|com)',
  ],
  [['a.b', 'b'], 'a?.b'],
  [['MX.Example.COM.'], 'mx.example.com'],
  [['mx.example.com.:25'], 'mx.example.com:25'],
  [[], ''],
];

for (const [hosts, site] of EXAMPLES) {
  test(`the site of ${hosts.join(', ') || 'no hosts'} is '${site}'`, () => assert.equal(siteName(hosts), site));
}
