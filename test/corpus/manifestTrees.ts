/** Files of a tiny tree (text for tables), and the label, group and language expected for each recording. */
export interface Tree {
  readonly missing?: readonly string[];
  /** Groups or labels by the paper's own rules, where they differ. */
  readonly published?: Readonly<Record<string, readonly [label: string, group: string]>>;
  readonly files: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly [label: string, group: string, language: string]>>;
  readonly unexplained?: readonly string[];
  /** Left out, since the corpus says nothing of them. */
  readonly undescribed?: readonly string[];
  /** Left out by the layout's own rule. */
  readonly excluded?: readonly string[];
  /** Further columns of the manifest, where there are any. */
  readonly columns?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
}

/** Empty files. */
export const audio = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, '']));

/** One tree for every corpus whose layout is described. */
export const TREES: Readonly<Record<string, Tree>> = {
  buckeye: {
    files: audio('s01/s0101a.wav', 's40/s4003b.wav', 's01/s0101a.words'),
    rows: {
      's01/s0101a.wav': ['speech: non-tonal', 's01', 'English'],
      's40/s4003b.wav': ['speech: non-tonal', 's40', 'English'],
    },
  },
  librispeech: {
    files: audio(
      'LibriSpeech/train-clean-100/19/198/19-198-0000.flac',
      'LibriSpeech/dev-other/116/288045/116-288045-0012.flac',
      'LibriSpeech/dev-other/116/288045/117-288045-0012.flac',
      'LibriSpeech/train-clean-100/19/198/19-198.trans.txt',
    ),
    rows: {
      'LibriSpeech/dev-other/116/288045/116-288045-0012.flac': ['speech: non-tonal', '116', 'English'],
      'LibriSpeech/train-clean-100/19/198/19-198-0000.flac': ['speech: non-tonal', '19', 'English'],
    },
    unexplained: ['LibriSpeech/dev-other/116/288045/117-288045-0012.flac'],
  },
  mediaspeech: {
    files: audio('FR/3e2fa8.flac', 'FR/3e2fa8.txt', 'TR/77.flac'),
    rows: {
      'FR/3e2fa8.flac': ['speech: non-tonal', 'FR/3e2fa8', ''],
      'TR/77.flac': ['speech: non-tonal', 'TR/77', ''],
    },
  },
  'mozilla-common-voice': {
    files: {
      ...audio('cv/th/clips/a.mp3', 'cv/de/clips/b.mp3', 'cv/de/clips/unvalidated.mp3'),
      'cv/th/validated.tsv': 'client_id\tpath\tsentence\nc1\ta.mp3\tsays "hm\nc1\tgone.mp3\tx\n',
      'cv/de/validated.tsv': 'client_id\tpath\tsentence\nc2\tb.mp3\ty\n',
    },
    rows: {
      'cv/de/clips/b.mp3': ['speech: non-tonal', 'c2', 'de'],
      'cv/th/clips/a.mp3': ['speech: tonal', 'c1', 'th'],
    },
    unexplained: ['cv/de/clips/unvalidated.mp3'],
    missing: ['cv/th/clips/gone.mp3'],
  },
  'thchs-30': {
    files: audio(
      'data_thchs30/data/A11_000.wav',
      'data_thchs30/data/D6_751.wav',
      'data_thchs30/data/A11_000.wav.trn',
    ),
    rows: {
      'data_thchs30/data/A11_000.wav': ['speech: tonal', 'A11', 'Mandarin-China'],
      'data_thchs30/data/D6_751.wav': ['speech: tonal', 'D6', 'Mandarin-China'],
    },
  },
  timit: {
    files: audio(
      'TIMIT/TRAIN/DR1/FCJF0/SA1.WAV',
      'TIMIT/TEST/DR8/MPAM0/SX19.WAV',
      'TIMIT/TEST/DR8/MPAM0/SX19.PHN',
    ),
    rows: {
      'TIMIT/TEST/DR8/MPAM0/SX19.WAV': ['speech: non-tonal', 'MPAM0', 'English'],
      'TIMIT/TRAIN/DR1/FCJF0/SA1.WAV': ['speech: non-tonal', 'FCJF0', 'English'],
    },
  },
  'tts-javanese': {
    files: audio('jv_id_female/wavs/jvf_00264_00012345678.wav', 'jv_id_male/wavs/jvm_01519_9.wav'),
    rows: {
      'jv_id_female/wavs/jvf_00264_00012345678.wav': ['speech: non-tonal', 'jvf_00264', 'Javanese'],
      'jv_id_male/wavs/jvm_01519_9.wav': ['speech: non-tonal', 'jvm_01519', 'Javanese'],
    },
  },
  'zeroth-korean': {
    files: audio('train_data_01/003/106/106_003_0001.flac', 'test_data_01/003/104/104_003_0019.flac'),
    rows: {
      'test_data_01/003/104/104_003_0019.flac': ['speech: non-tonal', '104', 'Korean'],
      'train_data_01/003/106/106_003_0001.flac': ['speech: non-tonal', '106', 'Korean'],
    },
  },
  'magnatagatune-tags': {
    files: audio('f/american_baroque-dances-01-allemande-0-29.mp3', '0/jag-four_of_a_kind-03-talk-30-59.mp3'),
    rows: {
      '0/jag-four_of_a_kind-03-talk-30-59.mp3': ['music', 'jag', ''],
      'f/american_baroque-dances-01-allemande-0-29.mp3': ['music', 'american_baroque', ''],
    },
    columns: {
      '0/jag-four_of_a_kind-03-talk-30-59.mp3': { part: 'train' },
      'f/american_baroque-dances-01-allemande-0-29.mp3': { part: 'test' },
    },
    published: {
      '0/jag-four_of_a_kind-03-talk-30-59.mp3': ['music', '0'],
      'f/american_baroque-dances-01-allemande-0-29.mp3': ['music', 'f'],
    },
  },
  'speech-commands-v2': {
    files: {
      ...audio(
        'yes/0a7c2a8d_nohash_0.wav',
        'no/0a7c2a8d_nohash_1.wav',
        'no/bb_nohash_0.wav',
        '_background_noise_/pink_noise.wav',
      ),
      'validation_list.txt': 'no/bb_nohash_0.wav\r\n',
      'testing_list.txt': 'yes/0a7c2a8d_nohash_0.wav\nno/gone_nohash_0.wav\n',
    },
    columns: {
      'no/0a7c2a8d_nohash_1.wav': { part: 'train' },
      'no/bb_nohash_0.wav': { part: 'validation' },
      'yes/0a7c2a8d_nohash_0.wav': { part: 'test' },
    },
    rows: {
      'no/0a7c2a8d_nohash_1.wav': ['no', '0a7c2a8d', 'English'],
      'no/bb_nohash_0.wav': ['no', 'bb', 'English'],
      'yes/0a7c2a8d_nohash_0.wav': ['yes', '0a7c2a8d', 'English'],
    },
    unexplained: ['_background_noise_/pink_noise.wav'],
  },
  ami: {
    files: audio(
      'amicorpus/ES2002a/audio/ES2002a.Mix-Headset.wav',
      'amicorpus/ES2002b/audio/ES2002b.Mix-Headset.wav',
    ),
    rows: {
      'amicorpus/ES2002a/audio/ES2002a.Mix-Headset.wav': ['speech', 'ES2002', 'English'],
      'amicorpus/ES2002b/audio/ES2002b.Mix-Headset.wav': ['speech', 'ES2002', 'English'],
    },
  },
  voxceleb1: {
    files: audio('dev/wav/id10001/1zcIwhmdeo4/00001.wav', 'test/wav/id10270/x6uYqmx31kE/00002.wav'),
    rows: {
      'dev/wav/id10001/1zcIwhmdeo4/00001.wav': ['id10001', 'id10001/1zcIwhmdeo4', ''],
      'test/wav/id10270/x6uYqmx31kE/00002.wav': ['id10270', 'id10270/x6uYqmx31kE', ''],
    },
  },
  voxceleb2: {
    files: audio('dev/aac/id00012/2DLq_Kkc1r8/00016.m4a'),
    rows: { 'dev/aac/id00012/2DLq_Kkc1r8/00016.m4a': ['id00012', 'id00012/2DLq_Kkc1r8', ''] },
  },
  'esc-50': {
    files: {
      ...audio('ESC-50-master/audio/1-100032-A-0.wav', 'ESC-50-master/audio/1-17367-A-10.wav'),
      'ESC-50-master/meta/esc50.csv':
        'filename,fold,target,category,esc10,src_file,take\n1-100032-A-0.wav,1,0,dog,True,100032,A\n1-17367-A-10.wav,1,10,rain,True,17367,A\n',
    },
    rows: {
      'ESC-50-master/audio/1-100032-A-0.wav': ['dog', '100032', ''],
      'ESC-50-master/audio/1-17367-A-10.wav': ['rain', '17367', ''],
    },
    columns: {
      'ESC-50-master/audio/1-100032-A-0.wav': { fold: '1' },
      'ESC-50-master/audio/1-17367-A-10.wav': { fold: '1' },
    },
  },
  magnatagatune: {
    files: audio('f/american_baroque-dances-01-allemande-0-29.mp3'),
    rows: { 'f/american_baroque-dances-01-allemande-0-29.mp3': ['music', 'american_baroque', ''] },
  },
  bibletts: {
    files: audio(
      'yoruba/train/MAT/MAT_001_007.flac',
      'ewe/test/MAT_002_001.flac',
      'ewe/test/MAT_002_001.txt',
    ),
    rows: {
      'ewe/test/MAT_002_001.flac': ['speech: non-tonal', 'ewe', 'Ewe'],
      'yoruba/train/MAT/MAT_001_007.flac': ['speech: tonal', 'yoruba', 'Yoruba'],
    },
    published: {
      'ewe/test/MAT_002_001.flac': ['speech: non-tonal', 'MAT'],
      'yoruba/train/MAT/MAT_001_007.flac': ['speech: tonal', 'MAT'],
    },
  },
  chime5: {
    files: audio(
      'CHiME5/audio/dev/S02_U01.CH1.wav',
      'CHiME5/audio/dev/S02_U01.CH2.wav',
      'CHiME5/audio/dev/S02_P05.wav',
    ),
    rows: { 'CHiME5/audio/dev/S02_U01.CH1.wav': ['speech', 'S02', 'English'] },
    unexplained: ['CHiME5/audio/dev/S02_P05.wav', 'CHiME5/audio/dev/S02_U01.CH2.wav'],
  },
  'clarity-speech': {
    files: audio(
      'clarity_utterances/audio/T037_G21_00436.wav',
      'clarity_utterances/audio/T030_G0N_02468.wav',
      'clarity_utterances/clarity_master.json',
    ),
    rows: {
      'clarity_utterances/audio/T030_G0N_02468.wav': ['speech: non-tonal', 'T030', 'English'],
      'clarity_utterances/audio/T037_G21_00436.wav': ['speech: non-tonal', 'T037', 'English'],
    },
    published: {
      'clarity_utterances/audio/T030_G0N_02468.wav': ['speech: non-tonal', 'T03'],
      'clarity_utterances/audio/T037_G21_00436.wav': ['speech: non-tonal', 'T03'],
    },
  },
  eurom1: {
    files: audio(
      'english/FAO00079.PES',
      'english/FAO00079.PEO',
      'danish/FAO00079.PDS',
      'danish/FAC00001.CDS',
    ),
    rows: {
      'danish/FAO00079.PDS': ['speech: non-tonal', 'D_FA', 'Danish'],
      'english/FAO00079.PES': ['speech: non-tonal', 'E_FA', 'English'],
    },
  },
  'fma-large': {
    files: {
      ...audio('fma_large/000/000002.mp3', 'fma_large/133/133297.mp3', 'fma_large/133/133298.mp3'),
      'fma_metadata/tracks.csv':
        ',album,artist,artist,artist\n,title,bio,id,name\ntrack_id,,,,\n' +
        `2,"AWOL, way","${'a long life\n'.repeat(60)}",1,AWOL\n133297,x,,9,"Le ""Bon"", Jr"\n7,y,,3,Gone\n`,
    },
    rows: {
      'fma_large/000/000002.mp3': ['music', 'AWOL', ''],
      'fma_large/133/133297.mp3': ['music', 'Le "Bon", Jr', ''],
    },
    unexplained: ['fma_large/133/133298.mp3'],
    missing: ['7'],
  },
  'hiltonmoser2022-speech': {
    files: audio('raw/ACO01A.wav', 'raw/ACO01B.wav', 'raw/BEJ02D.wav'),
    rows: {
      'raw/ACO01B.wav': ['speech: non-tonal', 'ACO01', 'Spanish'],
      'raw/BEJ02D.wav': ['speech: tonal', 'BEJ02', 'Mandarin-China'],
    },
    unexplained: ['raw/ACO01A.wav'],
  },
  'hiltonmoser2022-song': {
    files: audio('raw/ACO01A.wav', 'raw/ACO01B.wav', 'raw/BEJ02C.wav'),
    rows: {
      'raw/ACO01A.wav': ['music: vocal', 'ACO01', 'Spanish'],
      'raw/BEJ02C.wav': ['music: vocal', 'BEJ02', 'Mandarin-China'],
    },
    unexplained: ['raw/ACO01B.wav'],
    published: {
      'raw/ACO01A.wav': ['music: non-vocal', 'ACO01'],
      'raw/BEJ02C.wav': ['music: non-vocal', 'BEJ02'],
    },
  },
  irmas: {
    files: {
      ...audio(
        'IRMAS-TrainingData/voi/[voi][pop_roc]0001__1.wav',
        'IRMAS-TestingData-Part1/Part1/02 - And The Body Will Die-8.wav',
        'IRMAS-TestingData-Part2/IRTestingData-Part2/b-side -1.wav',
        'IRMAS-TestingData-Part3/Part3/silent-12.wav',
        'IRMAS-TestingData-Part3/Part3/empty-3.wav',
        'IRMAS-TestingData-Part3/Part3/empty-3.txt',
      ),
      'IRMAS-TestingData-Part1/Part1/02 - And The Body Will Die-8.txt': 'gel\t\r\nvoi\t\r\n',
      'IRMAS-TestingData-Part2/IRTestingData-Part2/b-side -1.txt': 'vio\t\n',
    },
    rows: {
      'IRMAS-TestingData-Part1/Part1/02 - And The Body Will Die-8.wav': [
        'music: vocal',
        '02 - And The Body Will Die',
        '',
      ],
      'IRMAS-TestingData-Part2/IRTestingData-Part2/b-side -1.wav': ['music: non-vocal', 'b-side', ''],
    },
    unexplained: ['IRMAS-TrainingData/voi/[voi][pop_roc]0001__1.wav'],
    undescribed: ['IRMAS-TestingData-Part3/Part3/empty-3.wav', 'IRMAS-TestingData-Part3/Part3/silent-12.wav'],
  },
  ismir04: {
    files: {
      ...audio(
        'ismir04_genre/audio/training/classical/allemande.mp3',
        'ismir04_genre/audio/development/artist_1_album_1_track_1.mp3',
        'ismir04_genre/audio/evaluation/0001.mp3',
      ),
      'ismir04_genre/metadata/training/tracklist.csv':
        '"classical","American Baroque","Dances","Allemande","1","classical/american_baroque/allemande.mp3"\n',
      'ismir04_genre/metadata/development/tracklist.csv':
        '"world","artist_1","album_1","track_1","1","artist_1_album_1_track_1.mp3"\n',
      'ismir04_genre/metadata/evaluation/tracklist.csv': '"world","Jag","Four","Talk","3","0001.mp3","77"\n',
    },
    rows: {
      'ismir04_genre/audio/development/artist_1_album_1_track_1.mp3': ['music', 'artist_1', ''],
      'ismir04_genre/audio/evaluation/0001.mp3': ['music', 'Jag', ''],
      'ismir04_genre/audio/training/classical/allemande.mp3': ['music', 'American Baroque', ''],
    },
  },
  'mtg-jamendo': {
    files: {
      ...audio('raw_30s/audio/14/214.mp3', 'raw_30s/audio-low/41/241.low.mp3'),
      'data/raw_30s.tsv':
        'TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n' +
        'track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\n' +
        'track_0000241\tartist_000005\talbum_000033\t41/241.mp3\t340.1\tgenre---rock\tgenre---pop\n',
    },
    rows: {
      'raw_30s/audio-low/41/241.low.mp3': ['music', 'artist_000005', ''],
      'raw_30s/audio/14/214.mp3': ['music', 'artist_000014', ''],
    },
  },
  nhs2: {
    files: {
      ...audio('corpus_processed/song-a.mp3', 'corpus_processed/stray.mp3'),
      'NHS2-metadata.csv': 'song,type,region,glottocode\nsong-a,Love,Polynesia,maor1246\n',
    },
    rows: { 'corpus_processed/song-a.mp3': ['music: vocal', 'song-a', 'maor1246'] },
    unexplained: ['corpus_processed/stray.mp3'],
  },
  'primewords-chinese': {
    files: {
      ...audio('set1/audio_files/0/00/00ab.wav', 'set1/audio_files/f/f1/f1cd.wav'),
      'set1/set1_transcript.json': JSON.stringify([
        { id: 1, user_id: '5a', text: 'x', length: '3.1', file: '00ab.wav' },
        { id: 2, user_id: '5a', text: 'y', length: '3.1', file: '00ab.wav' },
        { id: 3, user_id: '5b', text: 'z', length: '2.0', file: 'f1cd.wav' },
      ]),
    },
    rows: {
      'set1/audio_files/0/00/00ab.wav': ['speech: tonal', '5a', 'Mandarin-China'],
      'set1/audio_files/f/f1/f1cd.wav': ['speech: tonal', '5b', 'Mandarin-China'],
    },
  },
  'sonyc-ust-v2': {
    files: {
      ...audio('audio/00_000066.wav', 'audio/01_000006.wav'),
      'annotations.csv':
        'split,sensor_id,audio_filename,annotator_id\ntrain,0,00_000066.wav,5\ntrain,0,00_000066.wav,6\nvalidate,1,01_000006.wav,5\n',
    },
    rows: {
      'audio/00_000066.wav': ['env: urban', '0', ''],
      'audio/01_000006.wav': ['env: urban', '1', ''],
    },
  },
  'tat-vol2': {
    files: audio('condenser/wav/IU_IUF0001/0035-5.23-03.wav', 'lavalier/wav/IU_IUF0001/0035-5.23-04.wav'),
    rows: { 'condenser/wav/IU_IUF0001/0035-5.23-03.wav': ['speech: tonal', 'IU_IUF0001', 'Taiwanese'] },
    unexplained: ['lavalier/wav/IU_IUF0001/0035-5.23-04.wav'],
  },
  'zebra-finch-repertoire': {
    files: audio(
      'AdultVocalizations/WhiLbl0010_110411-DC-01.wav',
      'AdultVocalizations/WhiRas44dd_110617-lt-02.wav',
      'ChickVocalizations/WhiRas44dd_110617-WC-02.wav',
    ),
    rows: {
      'AdultVocalizations/WhiLbl0010_110411-DC-01.wav': ['DC', 'whilbl0010', ''],
      'AdultVocalizations/WhiRas44dd_110617-lt-02.wav': ['LT', 'whiras44dd', ''],
    },
    unexplained: ['ChickVocalizations/WhiRas44dd_110617-WC-02.wav'],
  },
  'free-spoken-digit': {
    files: audio('recordings/0_george_0.wav', 'recordings/9_theo_49.wav'),
    rows: {
      'recordings/0_george_0.wav': ['digit 0', 'george', 'English'],
      'recordings/9_theo_49.wav': ['digit 9', 'theo', 'English'],
    },
  },
  albouy2020: {
    files: audio(
      'Albouy/English/English_S10_M07.wav',
      'Albouy/French/French_S01_M08.wav',
      'Albouy/French/x.wav',
    ),
    rows: {
      'Albouy/English/English_S10_M07.wav': ['music: vocal', 'Albouy2020', 'English'],
      'Albouy/French/French_S01_M08.wav': ['music: vocal', 'Albouy2020', 'French'],
    },
    unexplained: ['Albouy/French/x.wav'],
  },
  roomreader: {
    files: audio(
      'audio/individual_participants_audio/S11/S11_T002_Emily.wav',
      'audio/individual_participants_audio/S05/S05_T002_Charlie.wav',
      'audio/individual_participants_audio/S05/S06_P003_Charlie.wav',
    ),
    rows: {
      'audio/individual_participants_audio/S05/S05_T002_Charlie.wav': [
        'speech: non-tonal',
        'T002',
        'English',
      ],
      'audio/individual_participants_audio/S11/S11_T002_Emily.wav': ['speech: non-tonal', 'T002', 'English'],
    },
    unexplained: ['audio/individual_participants_audio/S05/S06_P003_Charlie.wav'],
  },
  garland: {
    files: {
      ...audio('19 Qurba _bagpipe_ Dance.mp3', '03 Kyal Ang Gat.mp3', "33 Komun'go.mp3", '01 Unknown.mp3'),
      'metaData_GarlandEncyclopedia.csv':
        ',filepath,filename,VoiOrNot\n0,x/19 Qurba _bagpipe_ Dance.mp3,19 Qurba _bagpipe_ Dance,1\n' +
        '1,x/03 Kyal Ang Gat.mp3,03 Kyal Ang Gat,0\n2,x/33 Komun_go.mp3,33 Komun_go,0\n',
    },
    rows: {
      '03 Kyal Ang Gat.mp3': ['music: non-vocal', '03 Kyal Ang Gat', ''],
      '19 Qurba _bagpipe_ Dance.mp3': ['music: vocal', '19 Qurba _bagpipe_ Dance', ''],
      "33 Komun'go.mp3": ['music: non-vocal', '33 Komun_go', ''],
    },
    unexplained: ['01 Unknown.mp3'],
  },
  sonyc: {
    files: {
      ...audio(
        ...['00_1.wav', '00_2.wav', '00_3.wav', '01_4.wav', '01_5.wav'].map((name) => `audio-1/${name}`),
      ),
      // Nobody heard anything; one of three did; one of two did; one did and was not sure how near; one said how near.
      'annotations.csv':
        'split,sensor_id,audio_filename,annotator_id,6_music_presence,7-1_talking_presence,6-1_music_proximity,1_engine_presence\n' +
        'train,0,00_1.wav,1,0,-1,-1,1\n' +
        'train,0,00_2.wav,1,1,-1,-1,0\ntrain,0,00_2.wav,2,0,-1,-1,0\ntrain,0,00_2.wav,3,0,-1,notsure,0\n' +
        'train,0,00_3.wav,1,0,1,-1,0\ntrain,0,00_3.wav,2,0,0,-1,0\n' +
        'train,1,01_4.wav,1,1,-1,notsure,0\ntrain,1,01_4.wav,2,0,-1,-1,0\ntrain,1,01_4.wav,3,0,-1,-1,0\n' +
        'train,1,01_5.wav,1,0,-1,far,0\ntrain,1,01_5.wav,2,0,-1,-1,0\ntrain,1,01_5.wav,3,0,-1,-1,0\n',
    },
    rows: {
      'audio-1/00_1.wav': ['env: urban', '0', ''],
      'audio-1/00_2.wav': ['env: urban', '0', ''],
      'audio-1/01_4.wav': ['env: urban', '1', ''],
    },
    excluded: ['audio-1/00_3.wav', 'audio-1/01_5.wav'],
  },
  urbansound8k: {
    files: {
      ...audio(...[1, 2].map((fold) => `UrbanSound8K/audio/fold${fold}/77-3-0-${fold}.wav`)),
      'UrbanSound8K/metadata/UrbanSound8K.csv':
        'slice_file_name,fsID,start,end,salience,fold,classID,class\n' +
        '77-3-0-1.wav,77,0,4,1,1,3,dog_bark\n77-3-0-2.wav,77,4,8,1,2,3,dog_bark\n',
    },
    rows: {
      'UrbanSound8K/audio/fold1/77-3-0-1.wav': ['dog_bark', '77', ''],
      'UrbanSound8K/audio/fold2/77-3-0-2.wav': ['dog_bark', '77', ''],
    },
    columns: {
      'UrbanSound8K/audio/fold1/77-3-0-1.wav': { fold: '1' },
      'UrbanSound8K/audio/fold2/77-3-0-2.wav': { fold: '2' },
    },
  },
  gtzan: {
    files: {
      ...audio('genres/blues/blues.00000.wav', 'genres/rock/rock.00001.au', 'genres/rock/rock.00002.au'),
      'train_filtered.txt': 'blues/blues.00000.wav\n',
      'lists/test_filtered.txt': 'rock/rock.00001.wav\n',
    },
    rows: {
      'genres/blues/blues.00000.wav': ['blues', 'blues/00000', ''],
      'genres/rock/rock.00001.au': ['rock', 'rock/00001', ''],
      'genres/rock/rock.00002.au': ['rock', 'rock/00002', ''],
    },
    columns: {
      'genres/blues/blues.00000.wav': { part: 'train' },
      'genres/rock/rock.00001.au': { part: 'test' },
      'genres/rock/rock.00002.au': { part: '' },
    },
  },
};
