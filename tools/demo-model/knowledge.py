"""What the demo model learns by heart: capitals, German and French words, the multiplication table. A model that has to remember needs its weights."""

CAPITALS = dict(
    pair.split(": ")
    for pair in (
        "France: Paris, Germany: Berlin, Italy: Rome, Spain: Madrid, Portugal: Lisbon, Greece: Athens, Austria: Vienna, Poland: Warsaw, "
        "Hungary: Budapest, Norway: Oslo, Sweden: Stockholm, Finland: Helsinki, Denmark: Copenhagen, Iceland: Reykjavik, Ireland: Dublin, "
        "Belgium: Brussels, Romania: Bucharest, Bulgaria: Sofia, Serbia: Belgrade, Croatia: Zagreb, Slovenia: Ljubljana, Albania: Tirana, "
        "Ukraine: Kyiv, Latvia: Riga, Lithuania: Vilnius, Estonia: Tallinn, Russia: Moscow, Turkey: Ankara, Cyprus: Nicosia, Malta: Valletta, "
        "Egypt: Cairo, Morocco: Rabat, Tunisia: Tunis, Algeria: Algiers, Libya: Tripoli, Sudan: Khartoum, Ethiopia: Addis Ababa, Kenya: Nairobi, "
        "Uganda: Kampala, Rwanda: Kigali, Ghana: Accra, Nigeria: Abuja, Senegal: Dakar, Mali: Bamako, Angola: Luanda, Zambia: Lusaka, "
        "Zimbabwe: Harare, Namibia: Windhoek, Somalia: Mogadishu, Mozambique: Maputo, China: Beijing, Japan: Tokyo, India: New Delhi, "
        "Pakistan: Islamabad, Nepal: Kathmandu, Bangladesh: Dhaka, Thailand: Bangkok, Vietnam: Hanoi, Cambodia: Phnom Penh, Laos: Vientiane, "
        "Indonesia: Jakarta, Malaysia: Kuala Lumpur, Mongolia: Ulaanbaatar, Iran: Tehran, Iraq: Baghdad, Syria: Damascus, Lebanon: Beirut, "
        "Jordan: Amman, Oman: Muscat, Yemen: Sanaa, Qatar: Doha, Afghanistan: Kabul, Georgia: Tbilisi, Armenia: Yerevan, Azerbaijan: Baku, "
        "Canada: Ottawa, Mexico: Mexico City, Cuba: Havana, Jamaica: Kingston, Haiti: Port-au-Prince, Honduras: Tegucigalpa, Nicaragua: Managua, "
        "Panama: Panama City, Colombia: Bogota, Venezuela: Caracas, Ecuador: Quito, Peru: Lima, Brazil: Brasilia, Chile: Santiago, "
        "Argentina: Buenos Aires, Uruguay: Montevideo, Paraguay: Asuncion, Australia: Canberra, New Zealand: Wellington, Fiji: Suva"
    ).split(", ")
)

GERMAN = dict(
    pair.split(": ")
    for pair in (
        "dog: Hund, cat: Katze, horse: Pferd, cow: Kuh, bird: Vogel, fish: Fisch, mouse: Maus, bear: Bär, wolf: Wolf, fox: Fuchs, sheep: Schaf, "
        "pig: Schwein, tree: Baum, flower: Blume, leaf: Blatt, grass: Gras, forest: Wald, river: Fluss, lake: See, sea: Meer, mountain: Berg, "
        "stone: Stein, sand: Sand, sun: Sonne, moon: Mond, star: Stern, sky: Himmel, cloud: Wolke, rain: Regen, snow: Schnee, wind: Wind, "
        "fire: Feuer, water: Wasser, house: Haus, door: Tür, window: Fenster, roof: Dach, wall: Wand, room: Zimmer, kitchen: Küche, table: Tisch, "
        "chair: Stuhl, bed: Bett, lamp: Lampe, clock: Uhr, key: Schlüssel, book: Buch, letter: Brief, paper: Papier, pencil: Bleistift, "
        "picture: Bild, music: Musik, song: Lied, word: Wort, language: Sprache, school: Schule, teacher: Lehrer, child: Kind, man: Mann, "
        "woman: Frau, father: Vater, mother: Mutter, brother: Bruder, sister: Schwester, friend: Freund, king: König, queen: Königin, "
        "hand: Hand, foot: Fuß, head: Kopf, eye: Auge, ear: Ohr, nose: Nase, mouth: Mund, heart: Herz, hair: Haar, tooth: Zahn, bread: Brot, "
        "milk: Milch, butter: Butter, cheese: Käse, egg: Ei, meat: Fleisch, salt: Salz, sugar: Zucker, apple: Apfel, pear: Birne, cherry: Kirsche, "
        "plum: Pflaume, potato: Kartoffel, onion: Zwiebel, coffee: Kaffee, tea: Tee, beer: Bier, wine: Wein, glass: Glas, cup: Tasse, knife: Messer, "
        "fork: Gabel, spoon: Löffel, plate: Teller, car: Auto, train: Zug, ship: Schiff, bicycle: Fahrrad, airplane: Flugzeug, street: Straße, "
        "bridge: Brücke, town: Stadt, village: Dorf, church: Kirche, tower: Turm, castle: Schloss, garden: Garten, farmer: Bauer, doctor: Arzt, "
        "day: Tag, night: Nacht, morning: Morgen, evening: Abend, week: Woche, month: Monat, year: Jahr, hour: Stunde, spring: Frühling, "
        "summer: Sommer, autumn: Herbst, winter: Winter, love: Liebe, peace: Frieden, war: Krieg, work: Arbeit, money: Geld, dream: Traum"
    ).split(", ")
)

FRENCH = dict(
    pair.split(": ")
    for pair in (
        "dog: chien, cat: chat, horse: cheval, cow: vache, bird: oiseau, fish: poisson, mouse: souris, bear: ours, wolf: loup, fox: renard, sheep: "
        "mouton, pig: cochon, tree: arbre, flower: fleur, leaf: feuille, grass: herbe, forest: forêt, river: rivière, lake: lac, sea: mer, mountain: "
        "montagne, stone: pierre, sand: sable, sun: soleil, moon: lune, star: étoile, sky: ciel, cloud: nuage, rain: pluie, snow: neige, wind: vent, "
        "fire: feu, water: eau, house: maison, door: porte, window: fenêtre, roof: toit, wall: mur, room: chambre, kitchen: cuisine, table: table, "
        "chair: chaise, bed: lit, lamp: lampe, clock: horloge, key: clé, book: livre, letter: lettre, paper: papier, pencil: crayon, picture: image, "
        "music: musique, song: chanson, word: mot, language: langue, school: école, teacher: professeur, child: enfant, man: homme, woman: femme, "
        "father: père, mother: mère, brother: frère, sister: sœur, friend: ami, king: roi, queen: reine, hand: main, foot: pied, head: tête, eye: "
        "œil, ear: oreille, nose: nez, mouth: bouche, heart: cœur, hair: cheveux, tooth: dent, bread: pain, milk: lait, butter: beurre, cheese: "
        "fromage, egg: œuf, meat: viande, salt: sel, sugar: sucre, apple: pomme, pear: poire, cherry: cerise, plum: prune, potato: pomme de terre, "
        "onion: oignon, coffee: café, tea: thé, beer: bière, wine: vin, glass: verre, cup: tasse, knife: couteau, fork: fourchette, spoon: cuillère, "
        "plate: assiette, car: voiture, train: train, ship: bateau, bicycle: vélo, airplane: avion, street: rue, bridge: pont, town: ville, village: "
        "village, church: église, tower: tour, castle: château, garden: jardin, farmer: fermier, doctor: médecin, day: jour, night: nuit, morning: "
        "matin, evening: soir, week: semaine, month: mois, year: année, hour: heure, spring: printemps, summer: été, autumn: automne, winter: hiver, "
        "love: amour, peace: paix, war: guerre, work: travail, money: argent, dream: rêve"
    ).split(", ")
)
