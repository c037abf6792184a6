BEGIN TRANSACTION;
CREATE TABLE episode (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, record_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  content TEXT NOT NULL, UNIQUE (source, record_id, sha256)
) STRICT;
INSERT INTO "episode" VALUES(1,'oura','2026-01-05T23:00:00+01:00/2026-01-06T06:00:00+01:00','43f6de4012447072ae027e95db813fdcd45903ca08597e33d19d9ae35810226a','{"source":"oura","source_file":"","record_id":"2026-01-05T23:00:00+01:00/2026-01-06T06:00:00+01:00","start":{"wall":"2026-01-05T23:00:00","offset":"PT1H"},"end":{"wall":"2026-01-06T06:00:00","offset":"PT1H"},"time_basis":"utc+offset","tib_min":420.0,"tst_min":390.0,"sol_min":10.0,"lead_min":10.0,"tail_min":5.0,"waso_min":15.0,"wake_runs_min":[5.0,10.0],"deep_min":60.0,"light_min":270.0,"rem_min":60.0,"resolution_s":300,"vendor_date":"2026-01-06","vendor_nap":false,"vendor_main":null,"vendor_awakenings":null,"not_used":"","missing":"","algorithm":"","device":"Oura","updated":null,"flags":[]}');
INSERT INTO "episode" VALUES(2,'oura','2026-01-06T23:00:00+01:00/2026-01-07T06:00:00+01:00','72d22cff23f3d88171ae1dbf89ff048dbefeb82b2d25731e0e32691a17c7a2fd','{"source":"oura","source_file":"","record_id":"2026-01-06T23:00:00+01:00/2026-01-07T06:00:00+01:00","start":{"wall":"2026-01-06T23:00:00","offset":"PT1H"},"end":{"wall":"2026-01-07T06:00:00","offset":"PT1H"},"time_basis":"utc+offset","tib_min":420.0,"tst_min":390.0,"sol_min":10.0,"lead_min":10.0,"tail_min":5.0,"waso_min":15.0,"wake_runs_min":[5.0,10.0],"deep_min":60.0,"light_min":270.0,"rem_min":60.0,"resolution_s":300,"vendor_date":"2026-01-07","vendor_nap":false,"vendor_main":null,"vendor_awakenings":null,"not_used":"","missing":"","algorithm":"","device":"Oura","updated":null,"flags":[]}');
INSERT INTO "episode" VALUES(3,'oura','2026-01-07T23:00:00+01:00/2026-01-08T06:00:00+01:00','1c7cf529b3f5d91176d18ec2ef6b242396fd185072bd88e1b487b9e3d3007330','{"source":"oura","source_file":"","record_id":"2026-01-07T23:00:00+01:00/2026-01-08T06:00:00+01:00","start":{"wall":"2026-01-07T23:00:00","offset":"PT1H"},"end":{"wall":"2026-01-08T06:00:00","offset":"PT1H"},"time_basis":"utc+offset","tib_min":420.0,"tst_min":390.0,"sol_min":10.0,"lead_min":10.0,"tail_min":5.0,"waso_min":15.0,"wake_runs_min":[5.0,10.0],"deep_min":60.0,"light_min":270.0,"rem_min":60.0,"resolution_s":300,"vendor_date":"2026-01-08","vendor_nap":false,"vendor_main":null,"vendor_awakenings":null,"not_used":"","missing":"","algorithm":"","device":"Oura","updated":null,"flags":[]}');
CREATE TABLE found_in (
  episode INTEGER NOT NULL REFERENCES episode, import INTEGER NOT NULL REFERENCES import,
  file TEXT NOT NULL, PRIMARY KEY (episode, import, file)
) STRICT, WITHOUT ROWID;
INSERT INTO "found_in" VALUES(1,1,'oura_sleep_2026-01-10T08-00-00.csv');
INSERT INTO "found_in" VALUES(2,1,'oura_sleep_2026-01-10T08-00-00.csv');
INSERT INTO "found_in" VALUES(3,1,'oura_sleep_2026-01-10T08-00-00.csv');
CREATE TABLE import (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, export TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE,
  reader TEXT NOT NULL, records INTEGER NOT NULL, new INTEGER NOT NULL, conflicts INTEGER NOT NULL
) STRICT;
INSERT INTO "import" VALUES(1,'2026-01-08T20:00:00+00:00','oura_sleep_2026-01-10T08-00-00.csv','d6b06bf49d540fd0543e1ed7fadde46be85f149bff9e60bc206afefd9cc9ee20','0.1.0',3,3,0);
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,
  previous TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT;
INSERT INTO "log" VALUES(1,'2026-01-04T20:00:00+00:00','trial made','protocol 67dfdb035db0d13d43a408a4ae97c3975e0c835df5df96e859a1c7dc8a8545c3, first night 2026-01-05','0000000000000000000000000000000000000000000000000000000000000000','ab6623cafdfa4abca24994ad0424b1d5d135dc809085dba26595f608f2f0f2f9');
INSERT INTO "log" VALUES(2,'2026-01-08T20:00:00+00:00','import','3 new, 0 known, 0 in conflict, export d6b06bf49d54','ab6623cafdfa4abca24994ad0424b1d5d135dc809085dba26595f608f2f0f2f9','2ebcae1e507cd7b5516e74c16453ef3194ebf848f35f09a7caef6b249336704b');
INSERT INTO "log" VALUES(3,'2026-01-09T20:00:00+00:00','amendment','moved house; other bed','2ebcae1e507cd7b5516e74c16453ef3194ebf848f35f09a7caef6b249336704b','3c1db17a660a5962f3dfa826e40ec2013f85f3591770af685d6e162e54f2d9e9');
INSERT INTO "log" VALUES(4,'2026-01-10T20:00:00+00:00','unblinded by accident','a capsule broke','3c1db17a660a5962f3dfa826e40ec2013f85f3591770af685d6e162e54f2d9e9','bfa251fcc920561f7dbf5d8b1d98c6048b7444c4ab2203d3d0bbaaee1708eca5');
INSERT INTO "log" VALUES(5,'2026-01-11T20:00:00+00:00','looked early','curious ','bfa251fcc920561f7dbf5d8b1d98c6048b7444c4ab2203d3d0bbaaee1708eca5','ea206627742c292accf738fb57974218a007ed2252b6a07796d9f063f6058ecc');
INSERT INTO "log" VALUES(6,'2026-01-13T20:00:00+00:00','stopped','2026-01-12 a rash: enough','ea206627742c292accf738fb57974218a007ed2252b6a07796d9f063f6058ecc','a3432a99ac8c3546bc8e866472920af66fb7a17bc44a761edc590ad9c103ed85');
INSERT INTO "log" VALUES(7,'2026-01-13T20:00:00+00:00','planned look','after block 3: go on; undecided still: B vs A','a3432a99ac8c3546bc8e866472920af66fb7a17bc44a761edc590ad9c103ed85','4fcbf8239864d7d949f6b4a7158f69379bf2058e7b0e86668c8226891c459c79');
INSERT INTO "log" VALUES(8,'2026-01-13T20:00:00+00:00','report','data 0123456789ab','4fcbf8239864d7d949f6b4a7158f69379bf2058e7b0e86668c8226891c459c79','b18d2817e0cf2155ea220676df021c942d4f8979a115f98ccde544a50796177b');
INSERT INTO "log" VALUES(9,'2026-01-17T20:00:00+00:00','unblinded','it is over','b18d2817e0cf2155ea220676df021c942d4f8979a115f98ccde544a50796177b','b5ba44b1ae55f2a963752d149c5ea7f44efbf50fbdc04adf7b61f37354d13f11');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO "meta" VALUES('made_by','0.1.0');
INSERT INTO "meta" VALUES('protocol_sha256','67dfdb035db0d13d43a408a4ae97c3975e0c835df5df96e859a1c7dc8a8545c3');
INSERT INTO "meta" VALUES('schedule_sha256','bdd204233cd7b39baa421a0365961e941e6cd4679632f1cce1327240dc8e5ecf');
INSERT INTO "meta" VALUES('seed','');
INSERT INTO "meta" VALUES('home_zone','Europe/Berlin');
INSERT INTO "meta" VALUES('bedtime','22:30');
INSERT INTO "meta" VALUES('hidden','helper');
INSERT INTO "meta" VALUES('commitment','8ade1c440a0b91c07c2960db263bb7bcb3600f682781c73ce80bd0202ae59efa');
INSERT INTO "meta" VALUES('form','2');
INSERT INTO "meta" VALUES('opened_key','{
 "nonce": "7ad2e311c1d2740b3fd9d37fd48519ac8eb1f37a7216f326afebb6e026678baf",
 "key": {
  "arms": {
   "A": "glycine",
   "B": "none"
  },
  "form": 1,
  "protocol_sha256": "67dfdb035db0d13d43a408a4ae97c3975e0c835df5df96e859a1c7dc8a8545c3",
  "seed": "0000000000000000000000000000000000000000000000000000000000000005"
 }
}
');
CREATE INDEX found_by_import ON found_in (import);
COMMIT;
