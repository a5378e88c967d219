-- A journal as the program wrote it before a person could have stored files deleted, one submission in each
-- state, one that was given up among them, and with files of ours that a vendor keeps.
PRAGMA application_id = 1396985930;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE document (digest TEXT PRIMARY KEY, text TEXT NOT NULL);
INSERT INTO "document" VALUES('3ea1c04d3cb5a77bde801c8119b637cd28fb5103094623192bccb18979b5290c','{"body":{"content":[{"text":"stored","type":"text"}]}}');
INSERT INTO "document" VALUES('4c60c4b0cea36698d5c4ccd17f566daafec6c77cbcd21e94a12b9b62b2b7eb35','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"stored"}}}');
INSERT INTO "document" VALUES('08479f87967f815f9397fd5952123e8a8eeea9db1f177bcff46167ad27682ee5','{"body":{"content":[{"text":"ready","type":"text"}]}}');
INSERT INTO "document" VALUES('2c3e6cab918e994d51a31199153d800a3441ada4ee93638b2cdd346cc29980f4','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"ready"}}}');
INSERT INTO "document" VALUES('503a6b63949dc064dc5e55ba375a12b51845d4320b2593afedebdbdb44cac531','{"body":{"content":[{"text":"submitted","type":"text"}]}}');
INSERT INTO "document" VALUES('549920988f6f3e8f5b959c2975bb562f3c4cf44292c3cb1430c5165624a8749f','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"submitted"}}}');
INSERT INTO "document" VALUES('5efe7480a141ee8355331c08a63402508ffc29cf381be51da5a38609abf23539','{"body":{"content":[{"text":"doubted","type":"text"}]}}');
INSERT INTO "document" VALUES('4730dcbb6ef853966e711e3c24e4c3b9d1e80a2257258c7208861d860074f1fe','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"doubted"}}}');
INSERT INTO "document" VALUES('9d82977e83e454708d4a98679d927ba936c1dae2b597d77cc8264da0ffacd83e','{"body":{"content":[{"text":"refused","type":"text"}]}}');
INSERT INTO "document" VALUES('9428ea31a0d234ce0e276ed5bfb941383e115e23c11f36627737f7539e41a494','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"refused"}}}');
INSERT INTO "document" VALUES('4066f9227e1b6bfab6ad2e5576d14c0fb9e510ec49d96432fcc402212e0af9d8','{"body":{"content":[{"text":"failed","type":"text"}]}}');
INSERT INTO "document" VALUES('ff9ee248255fa012e3a6e3e37b512aa3da92a08199ae0badb8a6bb576093ce8e','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"failed"}}}');
INSERT INTO "document" VALUES('0a8ea2a8662d0d5e8b0e3414c523a0d5d272faf5d4b9a79468d42109a55b8034','{"body":{"content":[{"text":"unsent","type":"text"}]}}');
INSERT INTO "document" VALUES('774bbd07140ab5925e9a8bc2b97f90ce5e3d43d337dcfe51421f783698693831','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"unsent"}}}');
INSERT INTO "document" VALUES('41981fa0a1c9ed5e372572e3bbaf9973e50d8f1ca3f962099bd1b1abec4b7380','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"frame"}}}');
INSERT INTO "document" VALUES('3a182609436cad4eed4b3b6951cde0fde42d15ecba53890cdf5f026dd429ccb4','{"body":{"content":[{"text":"given-up","type":"text"}]}}');
INSERT INTO "document" VALUES('0cf5d47adb56b46aca835be9978d840b0e45c11c4375f66a812354441e06d018','{"inputs":{},"kind":"take","recipe":{"order":{"prompt":"given-up"}}}');
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    story TEXT NOT NULL,
    at REAL NOT NULL,
    act TEXT NOT NULL,
    submission TEXT,
    step TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (submission, act)
);
INSERT INTO "entry" VALUES(1,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000001','stored#1','4c60c4b0cea36698d5c4ccd17f566daafec6c77cbcd21e94a12b9b62b2b7eb35','{"inputs":"4c60c4b0cea36698d5c4ccd17f566daafec6c77cbcd21e94a12b9b62b2b7eb35","model":"seedance-1-0-pro-250528","request":"3ea1c04d3cb5a77bde801c8119b637cd28fb5103094623192bccb18979b5290c","reserved":{"amount":"0.50","currency":"USD"},"shot":"stored","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(2,'lighthouse.yaml',1700000000.0,'latest',NULL,'stored#1','4c60c4b0cea36698d5c4ccd17f566daafec6c77cbcd21e94a12b9b62b2b7eb35','{}');
INSERT INTO "entry" VALUES(3,'lighthouse.yaml',1700000000.0,'submitted','00000000-0000-4000-8000-000000000001','','','{"task":"cgt-stored"}');
INSERT INTO "entry" VALUES(4,'lighthouse.yaml',1700000000.0,'ready','00000000-0000-4000-8000-000000000001','','','{"charged":{"amount":"0.25","currency":"USD"},"expires":1700086400.5,"seed":7,"tokens":1000}');
INSERT INTO "entry" VALUES(5,'lighthouse.yaml',1700000000.0,'stored','00000000-0000-4000-8000-000000000001','','','{"inputs":"4c60c4b0cea36698d5c4ccd17f566daafec6c77cbcd21e94a12b9b62b2b7eb35","outputs":{"clip":"d520d32824901411f4302a723a3b1cc69a3be0cdbe303777947cdf4c481353cb"}}');
INSERT INTO "entry" VALUES(6,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000002','ready#1','2c3e6cab918e994d51a31199153d800a3441ada4ee93638b2cdd346cc29980f4','{"inputs":"2c3e6cab918e994d51a31199153d800a3441ada4ee93638b2cdd346cc29980f4","model":"seedance-1-0-pro-250528","request":"08479f87967f815f9397fd5952123e8a8eeea9db1f177bcff46167ad27682ee5","reserved":{"amount":"0.50","currency":"USD"},"shot":"ready","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(7,'lighthouse.yaml',1700000000.0,'submitted','00000000-0000-4000-8000-000000000002','','','{"task":"cgt-ready"}');
INSERT INTO "entry" VALUES(8,'lighthouse.yaml',1700000000.0,'ready','00000000-0000-4000-8000-000000000002','','','{"charged":null,"expires":1700086400.5,"seed":7,"tokens":1000}');
INSERT INTO "entry" VALUES(9,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000003','submitted#1','549920988f6f3e8f5b959c2975bb562f3c4cf44292c3cb1430c5165624a8749f','{"inputs":"549920988f6f3e8f5b959c2975bb562f3c4cf44292c3cb1430c5165624a8749f","model":"seedance-1-0-pro-250528","request":"503a6b63949dc064dc5e55ba375a12b51845d4320b2593afedebdbdb44cac531","reserved":{"amount":"0.50","currency":"USD"},"shot":"submitted","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(10,'lighthouse.yaml',1700000000.0,'submitted','00000000-0000-4000-8000-000000000003','','','{"task":"cgt-submitted"}');
INSERT INTO "entry" VALUES(11,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000004','doubted#1','4730dcbb6ef853966e711e3c24e4c3b9d1e80a2257258c7208861d860074f1fe','{"inputs":"4730dcbb6ef853966e711e3c24e4c3b9d1e80a2257258c7208861d860074f1fe","model":"seedance-1-0-pro-250528","request":"5efe7480a141ee8355331c08a63402508ffc29cf381be51da5a38609abf23539","reserved":null,"shot":"doubted","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(12,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000005','refused#1','9428ea31a0d234ce0e276ed5bfb941383e115e23c11f36627737f7539e41a494','{"inputs":"9428ea31a0d234ce0e276ed5bfb941383e115e23c11f36627737f7539e41a494","model":"seedance-1-0-pro-250528","request":"9d82977e83e454708d4a98679d927ba936c1dae2b597d77cc8264da0ffacd83e","reserved":{"amount":"0.50","currency":"USD"},"shot":"refused","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(13,'lighthouse.yaml',1700000000.0,'refused','00000000-0000-4000-8000-000000000005','','','{"code":"InputTextSensitiveContentDetected","reason":"the prompt did not pass"}');
INSERT INTO "entry" VALUES(14,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000006','failed#1','ff9ee248255fa012e3a6e3e37b512aa3da92a08199ae0badb8a6bb576093ce8e','{"inputs":"ff9ee248255fa012e3a6e3e37b512aa3da92a08199ae0badb8a6bb576093ce8e","model":"seedance-1-0-pro-250528","request":"4066f9227e1b6bfab6ad2e5576d14c0fb9e510ec49d96432fcc402212e0af9d8","reserved":{"amount":"0.50","currency":"USD"},"shot":"failed","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(15,'lighthouse.yaml',1700000000.0,'submitted','00000000-0000-4000-8000-000000000006','','','{"task":"cgt-failed"}');
INSERT INTO "entry" VALUES(16,'lighthouse.yaml',1700000000.0,'failed','00000000-0000-4000-8000-000000000006','','','{"charged":{"amount":"0","currency":"USD"},"code":"expired","reason":"the task was not done in time"}');
INSERT INTO "entry" VALUES(17,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-000000000007','unsent#1','774bbd07140ab5925e9a8bc2b97f90ce5e3d43d337dcfe51421f783698693831','{"inputs":"774bbd07140ab5925e9a8bc2b97f90ce5e3d43d337dcfe51421f783698693831","model":"seedance-1-0-pro-250528","request":"0a8ea2a8662d0d5e8b0e3414c523a0d5d272faf5d4b9a79468d42109a55b8034","reserved":{"amount":"0.50","currency":"USD"},"shot":"unsent","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(18,'lighthouse.yaml',1700000000.0,'unsent','00000000-0000-4000-8000-000000000007','','','{"reason":"no connection in time"}');
INSERT INTO "entry" VALUES(19,'lighthouse.yaml',1700000000.0,'made',NULL,'stored#1/frame','41981fa0a1c9ed5e372572e3bbaf9973e50d8f1ca3f962099bd1b1abec4b7380','{"inputs":"41981fa0a1c9ed5e372572e3bbaf9973e50d8f1ca3f962099bd1b1abec4b7380","outputs":{"frame":"88b5175115c65ad104f08d7f99bf3bcd7d801cc4d57ea881221797d01b1e8814"}}');
INSERT INTO "entry" VALUES(20,'lighthouse.yaml',1700000000.0,'picked',NULL,'','','{"order":"order of the stored","take":1}');
INSERT INTO "entry" VALUES(21,'lighthouse.yaml',1700000000.0,'delivered',NULL,'','','{"digest":"53704395d3cf1f33eec3970ebc19c99f4407175af7d9d494c3e1878e861cbc5a","mtime_ns":5678,"path":"out/lighthouse.mp4","size":1234}');
INSERT INTO "entry" VALUES(22,'lighthouse.yaml',1700000000.0,'uploaded',NULL,'','','{"address":"somewhere","digest":"8a8f1aa020ed23844916e6757489d65cd9c84bc36d7c3063d9859f60213c2817","keeper":"acme"}');
INSERT INTO "entry" VALUES(23,'lighthouse.yaml',1700000000.0,'uploaded',NULL,'','','{"address":"elsewhere","digest":"2168f594be67d8a638ab1077f9ffddd61810c6fc6bca812f6c68a4baa504acbd","keeper":"acme"}');
INSERT INTO "entry" VALUES(24,'lighthouse.yaml',1700000000.0,'forgotten',NULL,'','','{"digest":"2168f594be67d8a638ab1077f9ffddd61810c6fc6bca812f6c68a4baa504acbd","keeper":"acme"}');
INSERT INTO "entry" VALUES(25,'lighthouse.yaml',1700000000.0,'intent','00000000-0000-4000-8000-0000000003e8','given-up#1','0cf5d47adb56b46aca835be9978d840b0e45c11c4375f66a812354441e06d018','{"inputs":"0cf5d47adb56b46aca835be9978d840b0e45c11c4375f66a812354441e06d018","model":"seedance-1-0-pro-250528","request":"3a182609436cad4eed4b3b6951cde0fde42d15ecba53890cdf5f026dd429ccb4","reserved":{"amount":"0.50","currency":"USD"},"shot":"given-up","take":1,"vendor":"modelark"}');
INSERT INTO "entry" VALUES(26,'lighthouse.yaml',1700000000.0,'abandoned','00000000-0000-4000-8000-0000000003e8','','','{"charged":{"amount":"0","currency":"USD"},"decision":"lost"}');
CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER document_is_not_changed BEFORE UPDATE ON document BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER document_is_not_deleted BEFORE DELETE ON document BEGIN SELECT RAISE(ABORT, 'append only'); END;
COMMIT;
