BEGIN TRANSACTION;
CREATE TABLE episode (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, record_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  content TEXT NOT NULL, UNIQUE (source, record_id, sha256)
) STRICT;
INSERT INTO "episode" VALUES(1,'oura','2026-01-05T23:00:00+01:00/2026-01-06T06:00:00+01:00','1e6d24126d51b294a0b4ca097755f4bf2c60bad0b6d074829375ce4a7cef6f4f','{"source":"oura","source_file":"","record_id":"2026-01-05T23:00:00+01:00/2026-01-06T06:00:00+01:00","start":{"wall":"2026-01-05T23:00:00","offset":"PT3600S"},"end":{"wall":"2026-01-06T06:00:00","offset":"PT3600S"},"time_basis":"utc+offset","layout":"the CSV of Oura on the Web","app":"","tib_min":420.0,"tst_min":390.0,"sol_min":10.0,"lead_min":10.0,"tail_min":5.0,"waso_min":15.0,"wake_runs_min":[5.0,10.0],"deep_min":60.0,"light_min":270.0,"rem_min":60.0,"longest_sleep_min":180.0,"hrv_rmssd_ms":61.0,"heart_rate_min_bpm":48.0,"heart_rate_mean_bpm":54.0,"respiratory_rate_rpm":13.5,"skin_temp_deviation_c":-0.12,"resolution_s":300,"vendor_date":"2026-01-06","vendor_nap":false,"vendor_main":null,"vendor_awakenings":null,"not_used":"","missing":"","algorithm":"","device":"Oura","updated":null,"flags":[]}');
INSERT INTO "episode" VALUES(2,'oura','2026-01-06T23:00:00+01:00/2026-01-07T06:00:00+01:00','3e94208206ce708a4f7a98e0913a2137c1135b074555ffa5b9df4aec61939cac','{"source":"oura","source_file":"","record_id":"2026-01-06T23:00:00+01:00/2026-01-07T06:00:00+01:00","start":{"wall":"2026-01-06T23:00:00","offset":"PT3600S"},"end":{"wall":"2026-01-07T06:00:00","offset":"PT3600S"},"time_basis":"utc+offset","layout":"the CSV of Oura on the Web","app":"","tib_min":420.0,"tst_min":390.0,"sol_min":10.0,"lead_min":10.0,"tail_min":5.0,"waso_min":15.0,"wake_runs_min":[5.0,10.0],"deep_min":60.0,"light_min":270.0,"rem_min":60.0,"longest_sleep_min":180.0,"hrv_rmssd_ms":61.0,"heart_rate_min_bpm":48.0,"heart_rate_mean_bpm":54.0,"respiratory_rate_rpm":13.5,"skin_temp_deviation_c":-0.12,"resolution_s":300,"vendor_date":"2026-01-07","vendor_nap":false,"vendor_main":null,"vendor_awakenings":null,"not_used":"","missing":"","algorithm":"","device":"Oura","updated":null,"flags":[]}');
INSERT INTO "episode" VALUES(3,'oura','2026-01-07T23:00:00+01:00/2026-01-08T06:00:00+01:00','c69a261792cfbafb025cc1e4368c550f8306e370dcc3ae5240f7b4bf10dc1b7a','{"source":"oura","source_file":"","record_id":"2026-01-07T23:00:00+01:00/2026-01-08T06:00:00+01:00","start":{"wall":"2026-01-07T23:00:00","offset":"PT3600S"},"end":{"wall":"2026-01-08T06:00:00","offset":"PT3600S"},"time_basis":"utc+offset","layout":"the CSV of Oura on the Web","app":"","tib_min":420.0,"tst_min":390.0,"sol_min":10.0,"lead_min":10.0,"tail_min":5.0,"waso_min":15.0,"wake_runs_min":[5.0,10.0],"deep_min":60.0,"light_min":270.0,"rem_min":60.0,"longest_sleep_min":180.0,"hrv_rmssd_ms":61.0,"heart_rate_min_bpm":48.0,"heart_rate_mean_bpm":54.0,"respiratory_rate_rpm":13.5,"skin_temp_deviation_c":-0.12,"resolution_s":300,"vendor_date":"2026-01-08","vendor_nap":false,"vendor_main":null,"vendor_awakenings":null,"not_used":"","missing":"","algorithm":"","device":"Oura","updated":null,"flags":[]}');
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
INSERT INTO "import" VALUES(1,'2026-01-13T20:00:00+00:00','oura_sleep_2026-01-10T08-00-00.csv','d6b06bf49d540fd0543e1ed7fadde46be85f149bff9e60bc206afefd9cc9ee20','0.1.0 c68eb2683ee3101b',3,3,0);
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,
  previous TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT;
INSERT INTO "log" VALUES(1,'2026-01-04T20:00:00+00:00','trial made','protocol 67dfdb035db0d13d43a408a4ae97c3975e0c835df5df96e859a1c7dc8a8545c3, first night 2026-01-05','0000000000000000000000000000000000000000000000000000000000000000','ab6623cafdfa4abca24994ad0424b1d5d135dc809085dba26595f608f2f0f2f9');
INSERT INTO "log" VALUES(2,'2026-01-08T20:00:00+00:00','import','3 new, 0 known, 0 in conflict, export d6b06bf49d54','ab6623cafdfa4abca24994ad0424b1d5d135dc809085dba26595f608f2f0f2f9','2ebcae1e507cd7b5516e74c16453ef3194ebf848f35f09a7caef6b249336704b');
INSERT INTO "log" VALUES(3,'2026-01-06T20:00:00+00:00','diary','2026-01-06 {"taken": "yes", "caffeine_mg": "80"}','2ebcae1e507cd7b5516e74c16453ef3194ebf848f35f09a7caef6b249336704b','366befef5661b3e12b87646f698df8e35da0bf8d50620be44b5dd5a8f50bef32');
INSERT INTO "log" VALUES(4,'2026-01-09T20:00:00+00:00','amendment','moved house; other bed','366befef5661b3e12b87646f698df8e35da0bf8d50620be44b5dd5a8f50bef32','f3011dc94d74bc14bd276048ba8e2453c2e18e496e9be129206627dd80276b44');
INSERT INTO "log" VALUES(5,'2026-01-09T20:00:00+00:00','bedtime','22:05 early shift','f3011dc94d74bc14bd276048ba8e2453c2e18e496e9be129206627dd80276b44','1bacdd9fb9288d3846db99f1457477d96fa616dd3359a6da1e913b2bef6e13d9');
INSERT INTO "log" VALUES(6,'2026-01-10T20:00:00+00:00','paused','2026-01-11 2026-01-12 ill, at home','1bacdd9fb9288d3846db99f1457477d96fa616dd3359a6da1e913b2bef6e13d9','871e4fb2e0bd6fb91842fa091e337d7ddbd69ceeba6fc9b100887cb7a1cba27e');
INSERT INTO "log" VALUES(7,'2026-01-10T20:00:00+00:00','unblinded by accident','a capsule broke','871e4fb2e0bd6fb91842fa091e337d7ddbd69ceeba6fc9b100887cb7a1cba27e','22df1e71d488e2a8e6d2072714b68a8b83e43937d9dbf4348ece34b05f71e4b3');
INSERT INTO "log" VALUES(8,'2026-01-11T20:00:00+00:00','looked early','curious','22df1e71d488e2a8e6d2072714b68a8b83e43937d9dbf4348ece34b05f71e4b3','7a93dd37dad3a8ca1ac524f7ef7f58b5a44fbf228ac1624f23c8daae5162826b');
INSERT INTO "log" VALUES(9,'2026-01-12T20:00:00+00:00','fit','1 outcomes, 3 nights, data 0123456789ab','7a93dd37dad3a8ca1ac524f7ef7f58b5a44fbf228ac1624f23c8daae5162826b','af8be34c652cf6ac53e43e3dbe7b55f50145224a01d3f13dafcec47f3ebb103c');
INSERT INTO "log" VALUES(10,'2026-01-13T20:00:00+00:00','planned look','after block 3: go on; undecided still: B vs A','af8be34c652cf6ac53e43e3dbe7b55f50145224a01d3f13dafcec47f3ebb103c','4c5a19442aa31ee5cf62886b1a2687f12917887bd6dbb71b3bdf2cbaaeb6b887');
INSERT INTO "log" VALUES(11,'2026-01-13T20:00:00+00:00','report','data 0123456789ab; glycine: Can’t tell yet, 3 min longer; x','4c5a19442aa31ee5cf62886b1a2687f12917887bd6dbb71b3bdf2cbaaeb6b887','454596c84b02206c64d3f118de6044bf1ba12b6e4ccc00b3f6e8fb01487b3776');
INSERT INTO "log" VALUES(12,'2026-01-13T20:00:00+00:00','forgotten','oura_sleep_2026-01-10T08-00-00.csv, 3 records taken out, export d6b06bf49d54','454596c84b02206c64d3f118de6044bf1ba12b6e4ccc00b3f6e8fb01487b3776','2676a9c5dbb0d924541dca873cec120535d940afbe098124063e278987323f5d');
INSERT INTO "log" VALUES(13,'2026-01-13T20:00:00+00:00','import','3 new, 0 known, 0 in conflict, export d6b06bf49d54','2676a9c5dbb0d924541dca873cec120535d940afbe098124063e278987323f5d','1142f558cddc380178ca6b247c3631082b971317e03b3f20e06f9005dde27739');
INSERT INTO "log" VALUES(14,'2026-01-14T20:00:00+00:00','stopped','2026-01-13 a rash: enough','1142f558cddc380178ca6b247c3631082b971317e03b3f20e06f9005dde27739','17279dbd9c781356ed167ed34b2907c46061a95766ab73191ee7ccfafcd6c6d3');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO "meta" VALUES('made_by','0.1.0');
INSERT INTO "meta" VALUES('protocol_sha256','67dfdb035db0d13d43a408a4ae97c3975e0c835df5df96e859a1c7dc8a8545c3');
INSERT INTO "meta" VALUES('schedule_sha256','bdd204233cd7b39baa421a0365961e941e6cd4679632f1cce1327240dc8e5ecf');
INSERT INTO "meta" VALUES('seed','');
INSERT INTO "meta" VALUES('home_zone','Europe/Berlin');
INSERT INTO "meta" VALUES('bedtime','22:30');
INSERT INTO "meta" VALUES('hidden','helper');
INSERT INTO "meta" VALUES('commitment','5a01027742ab17a0f9548f80772ca73956b423ece85548d56c5a5a52b1bd5ee5');
INSERT INTO "meta" VALUES('person','');
INSERT INTO "meta" VALUES('letters','BAABBAAB');
INSERT INTO "meta" VALUES('protocol.yaml','name: small
title: Glycine for sleep
question: Compared with nothing, does 3 g of glycine lengthen my sleep?
reason: To see.
arms:
  - name: none
    label: nothing
  - name: glycine
    label: glycine
    doses:
      - {substance: glycine, compound_mg: 3000}
reference: none
design:
  kind: permuted-blocks
  run_in_nights: 1
  blocks: 4
  period_nights: 2
  washout_nights: 0
dosing:
  minutes_before_bed: [30, 60]
  note: With water.
outcomes:
  - name: tst_min
    primary: true
    mid: 15
    source: Edinger et al. (2021), AASM, PMC7853211, Table 3
confounders: [caffeine_mg]
stop_and_ask_a_doctor: [a rash]
');
INSERT INTO "meta" VALUES('schedule.csv','night,phase,block,period,arm,washout
2026-01-05,run-in,0,0,,0
2026-01-06,trial,1,1,01-QWP,0
2026-01-07,trial,1,1,01-QWP,0
2026-01-08,trial,1,2,02-FMT,0
2026-01-09,trial,1,2,02-FMT,0
2026-01-10,trial,2,3,03-CLP,0
2026-01-11,trial,2,3,03-CLP,0
2026-01-12,trial,2,4,04-QVG,0
2026-01-13,trial,2,4,04-QVG,0
2026-01-14,trial,3,5,05-THF,0
2026-01-15,trial,3,5,05-THF,0
2026-01-16,trial,3,6,06-XRH,0
2026-01-17,trial,3,6,06-XRH,0
2026-01-18,trial,4,7,07-NGJ,0
2026-01-19,trial,4,7,07-NGJ,0
2026-01-20,trial,4,8,08-NLC,0
2026-01-21,trial,4,8,08-NLC,0
');
INSERT INTO "meta" VALUES('form','2');
CREATE INDEX found_by_import ON found_in (import);
COMMIT;
